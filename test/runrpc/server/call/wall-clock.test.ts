import assert from "node:assert/strict";
import { test } from "node:test";
import { createCalls } from "../../../../src/runrpc/server/call/calls.ts";
import type { CallRecord } from "../../../../src/runrpc/server/call/record.ts";
import { createWallClock } from "../../../../src/runrpc/server/call/wall-clock.ts";
import { silentLog } from "../../../../src/runrpc/server/log.ts";
import { headWith } from "../call-fixture.ts";

const hourMs = 3_600_000;

test("the times of records follow the system's clock when it is set forward, and back", () => {
  const records: CallRecord[] = [];
  let aheadMs = 0;
  const calls = createCalls({
    log: silentLog,
    debug: false,
    mapError: () => undefined,
    onRecord: (record) => records.push(record),
    now: () => Date.now() + aheadMs,
  });
  for (const ms of [0, hourMs, 0, -hourMs, 2 * hourMs]) {
    aheadMs = ms;
    const before = Date.now() + ms;
    calls.begin(headWith({})).end();
    const { startedAt, durationMs } = records.at(-1) ?? assert.fail();
    assert.ok(startedAt.getTime() >= before - 1, `${startedAt.getTime()} is before ${before}`);
    assert.ok(startedAt.getTime() + durationMs <= Date.now() + ms + 1);
  }
});

test("a call that is open while the clock is set ends at the time of the clock", () => {
  const records: CallRecord[] = [];
  let aheadMs = 0;
  const calls = createCalls({
    log: silentLog,
    debug: false,
    mapError: () => undefined,
    onRecord: (record) => records.push(record),
    now: () => Date.now() + aheadMs,
  });
  const call = calls.begin(headWith({}));
  aheadMs = hourMs;
  call.end();
  const { startedAt, durationMs } = records[0] ?? assert.fail();
  assert.ok(Math.abs(startedAt.getTime() + durationMs - (Date.now() + hourMs)) < 1_000);
  assert.ok(durationMs < 60_000, "a duration is told by the other clock");
});

test("the fraction of a millisecond that the system's clock cuts off is kept", () => {
  let nowMs = 0;
  const clock = createWallClock(() => Math.floor(5_000 + nowMs));
  const tell = (ms: number) => {
    nowMs = ms;
    return clock(ms);
  };
  assert.equal(tell(1.75), 5_001);
  assert.equal(tell(2), 5_002);
  assert.equal(tell(2.75), 5_002.75);
  assert.equal(tell(3.5), 5_003.5);
});
