import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFeed, MAX_KEPT } from "../../../src/runrpc/monitor/feed.ts";
import type { CallRecord } from "../../../src/runrpc/server/call/record.ts";

/** The feed looks at nothing but the place of a record. */
const record = (requestId: string): CallRecord => ({ requestId }) as CallRecord;

function takeMany(feed: ReturnType<typeof createFeed>, from: number, to: number): void {
  for (let n = from; n < to; n++) feed.take(record(String(n)));
}

describe("the feed of calls that have ended", () => {
  for (const [came, first] of [
    [MAX_KEPT - 1, 0],
    [MAX_KEPT, 0],
    [MAX_KEPT + 1, 1],
    [2 * MAX_KEPT, MAX_KEPT],
    [3 * MAX_KEPT + 7, 2 * MAX_KEPT + 7],
  ] as const)
    it(`of ${came} between two looks it tells the latest, in their order, and how many were before them`, () => {
      const feed = createFeed();
      const begin = feed.before(0);
      takeMany(feed, 0, came);
      const { records, leftOut, next } = feed.since(begin);
      assert.deepEqual(
        records.map(({ requestId }) => Number(requestId)),
        Array.from({ length: came - first }, (_, n) => first + n),
      );
      assert.equal(leftOut, first);
      assert.deepEqual(feed.since(next), { records: [], leftOut: 0, next });
      takeMany(feed, came, came + 2);
      const later = feed.since(next);
      assert.deepEqual(
        [later.records.map(({ requestId }) => requestId), later.leftOut],
        [[`${came}`, `${came + 1}`], 0],
      );
    });

  it("who comes later is told so many of the latest, whoever was told before", () => {
    const feed = createFeed();
    takeMany(feed, 0, MAX_KEPT + 10);
    for (const [recent, first] of [
      [0, undefined],
      [3, String(MAX_KEPT + 7)],
      [MAX_KEPT, "10"],
    ] as const) {
      const { records, leftOut } = feed.since(feed.before(recent));
      assert.deepEqual([records[0]?.requestId, records.length, leftOut], [first, recent, 0]);
    }
  });

  it("keeps no requests, which are large", () => {
    const feed = createFeed();
    feed.take({ requestId: "one", request: { json: "{}" } } as unknown as CallRecord);
    assert.equal(feed.since(0).records[0]?.request, undefined);
  });
});
