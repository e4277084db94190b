import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createFeed, MAX_RECENT, MAX_WAITING } from "../../../src/runrpc/monitor/feed.ts";
import type { CallRecord } from "../../../src/runrpc/server/call/record.ts";

/** The feed looks at nothing but the place of a record. */
const record = (requestId: string): CallRecord => ({ requestId }) as CallRecord;

function takeMany(feed: ReturnType<typeof createFeed>, from: number, to: number): void {
  for (let n = from; n < to; n++) feed.take(record(String(n)));
}

function told(follower: ReturnType<ReturnType<typeof createFeed>["follow"]>) {
  const { records, leftOut } = follower.next();
  return { first: records[0]?.requestId, last: records.at(-1)?.requestId, count: records.length, leftOut };
}

describe("the feed of calls that have ended", () => {
  for (const [came, first] of [
    [MAX_WAITING - 1, 0],
    [MAX_WAITING, 0],
    [MAX_WAITING + 1, 1],
    [2 * MAX_WAITING, MAX_WAITING],
    [3 * MAX_WAITING + 7, 2 * MAX_WAITING + 7],
  ] as const)
    it(`of ${came} between two looks it tells the latest, in their order, and how many were before them`, () => {
      const feed = createFeed();
      const follower = feed.follow(0);
      takeMany(feed, 0, came);
      const { records, leftOut } = follower.next();
      assert.deepEqual(
        records.map(({ requestId }) => Number(requestId)),
        Array.from({ length: came - first }, (_, n) => first + n),
      );
      assert.equal(leftOut, first);
      assert.deepEqual(follower.next(), { records: [], leftOut: 0 });
      takeMany(feed, came, came + 2);
      assert.deepEqual(told(follower), { first: `${came}`, last: `${came + 1}`, count: 2, leftOut: 0 });
    });

  it("who comes later is told so many of the latest, and each follower has his own", () => {
    const feed = createFeed();
    takeMany(feed, 0, MAX_RECENT + 10);
    const [none, three, all] = [0, 3, MAX_RECENT].map((recent) => feed.follow(recent));
    assert.ok(none !== undefined && three !== undefined && all !== undefined);
    const last = String(MAX_RECENT + 9);
    assert.deepEqual(told(none), { first: undefined, last: undefined, count: 0, leftOut: 0 });
    assert.deepEqual(told(three), { first: String(MAX_RECENT + 7), last, count: 3, leftOut: 0 });
    assert.deepEqual(told(all), { first: "10", last, count: MAX_RECENT, leftOut: 0 });
    feed.take(record("later"));
    three.close();
    feed.take(record("last"));
    assert.deepEqual(told(three), { first: "later", last: "later", count: 1, leftOut: 0 });
    assert.deepEqual(told(all), { first: "later", last: "last", count: 2, leftOut: 0 });
  });
});
