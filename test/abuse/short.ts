import assert from "node:assert/strict";
import { test } from "node:test";
import { runRow } from "./arena.ts";
import { defaultHttp2, http2OnLane } from "./http2.ts";
import { reportOf } from "./report.ts";
import type { Lane } from "./row.ts";
import { rows } from "./rows.ts";

/** The short set of the catalogue on a lane, a test for each row; `npm run abuse` does all of it. */
export function testShortSet(lane: Lane): void {
  const http2 = http2OnLane(lane, defaultHttp2());
  for (const row of rows) {
    if (row.isWholeOnly === true || (row.isOfNoLane === true && lane !== "auto")) continue;
    test(`${row.name}, lane ${lane}`, async (t) => {
      const result = await runRow(row, { lane, http2, seed: 1, rounds: undefined });
      t.diagnostic(reportOf(row, { lane, http2 }, result));
      assert.deepEqual(result.faults, []);
      assert.ok(result.tried > 0 && result.held === result.tried);
    });
  }
}
