import assert from "node:assert/strict";
import { test } from "node:test";
import { askedOnce } from "../../../src/runrpc/app/asked-once.ts";

test("all who ask share an answer, and one that failed is asked for again", async () => {
  let asked = 0;
  const ask = askedOnce(async () => {
    if (++asked === 1) throw new Error("not yet");
    return asked;
  });
  const first = await Promise.allSettled([ask(), ask()]);
  assert.deepEqual(
    first.map(({ status }) => status),
    ["rejected", "rejected"],
  );
  assert.deepEqual(await Promise.all([ask(), ask()]), [2, 2]);
  assert.equal(asked, 2);
});
