import assert from "node:assert/strict";
import { test } from "node:test";
import { countWithin } from "../../../src/runrpc/paging/count-within.ts";

for (const [sizes, maxSize, expected] of [
  [[], 10, 0],
  [[11], 10, 1],
  [[5, 5, 1], 10, 2],
  [[5, 6], 10, 1],
  [[0, 0, 0], 0, 3],
] as const) {
  test(`${expected} of the rows with the sizes [${sizes}] go into ${maxSize}`, () => {
    assert.equal(countWithin(sizes, maxSize), expected);
  });
}
