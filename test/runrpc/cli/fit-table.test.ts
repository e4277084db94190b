import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type FitColumn, fitTable } from "../../../src/runrpc/cli/fit-table.ts";

const columns: readonly FitColumn[] = [
  { heading: "NAME", least: 6, keepsEnd: true },
  { heading: "KIND", rank: 2 },
  { heading: "N", rank: 1 },
  { heading: "WHO", least: 4 },
];
const rows = [
  ["a.B/CallIt", "unary", "12", "somebody"],
  ["c", "bidi", "3", "me"],
];

describe("a table that has to fit", () => {
  for (const [width, lines] of [
    [
      Number.POSITIVE_INFINITY,
      ["NAME        KIND   N   WHO", "a.B/CallIt  unary  12  somebody", "c           bidi   3   me"],
    ],
    [31, ["NAME        KIND   N   WHO", "a.B/CallIt  unary  12  somebody", "c           bidi   3   me"]],
    [30, ["NAME       KIND   N   WHO", "…B/CallIt  unary  12  somebody", "c          bidi   3   me"]],
    [23, ["NAME    KIND   N   WHO", "…allIt  unary  12  som…", "c       bidi   3   me"]],
    [22, ["NAME       N   WHO", "…B/CallIt  12  somebo…", "c          3   me"]],
    [12, ["NAME    WHO", "…allIt  som…", "c       me"]],
    [5, ["NAME…", "…all…", "c   …"]],
    [0, ["", "", ""]],
  ] as const)
    it(`of ${width} characters`, () => {
      const fit = fitTable(columns, rows, width);
      for (const line of fit) assert.ok(line.length <= width, line);
      assert.deepEqual(fit, lines);
    });

  it("without rows it is its heading", () => {
    assert.deepEqual(fitTable(columns, [], 80), ["NAME  KIND  N  WHO"]);
  });
});
