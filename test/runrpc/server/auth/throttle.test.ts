import assert from "node:assert/strict";
import { test } from "node:test";
import { createThrottle } from "../../../../src/runrpc/server/auth/throttle.ts";

const PEER = "192.0.2.7";
const MINUTE = 60_000;

/** A throttle after three failures, the last at 1,000: refused until 2,000. */
function refused() {
  const throttle = createThrottle({ maxFailures: 3, failureDelayMs: 1000 });
  for (let failure = 1; failure <= 3; failure += 1) throttle.fail(PEER, 1000);
  return throttle;
}

test("the failure that reaches the maximum brings a refusal, and none before it", () => {
  const throttle = createThrottle({ maxFailures: 3, failureDelayMs: 1000 });
  assert.deepEqual(
    [1, 2, 3].map((at) => throttle.fail(PEER, at)),
    [0, 0, 1000],
  );
  assert.equal(throttle.refusedForMs(PEER, 3), 1000);
  assert.equal(throttle.refusedForMs(PEER, 1002), 1);
  assert.equal(throttle.refusedForMs(PEER, 1003), 0);
  assert.equal(throttle.refusedForMs("192.0.2.8", 3), 0);
});

test("failures that are spread over more than a minute bring no refusal", () => {
  const throttle = createThrottle({ maxFailures: 3, failureDelayMs: 1000 });
  const delays = [0, 59_000, 61_000, 100_000].map((at) => throttle.fail(PEER, at));
  assert.deepEqual(delays, [0, 0, 0, 0]);
});

test("a failure counts for a minute, and no more at its end", () => {
  for (const [at, delayMs] of [
    [MINUTE - 1, 1000],
    [MINUTE, 0],
  ] as const) {
    const throttle = createThrottle({ maxFailures: 2, failureDelayMs: 1000 });
    throttle.fail(PEER, 0);
    assert.equal(throttle.fail(PEER, at), delayMs);
  }
});

test("failures from before a clock was set back by more than a minute do not count", () => {
  const throttle = createThrottle({ maxFailures: 2, failureDelayMs: 1000 });
  assert.deepEqual(
    [1_000_000, 0, 1].map((at) => throttle.fail(PEER, at)),
    [0, 0, 1000],
  );
});

test("each failure after a refusal doubles it, up to 60 times", () => {
  const throttle = refused();
  const delays: number[] = [];
  let now = 2000;
  for (let failure = 0; failure < 9; failure += 1) {
    const delayMs = throttle.fail(PEER, now);
    delays.push(delayMs);
    now += delayMs;
  }
  assert.deepEqual(
    delays,
    [2, 4, 8, 16, 32, 60, 60, 60, 60].map((seconds) => seconds * 1000),
  );
});

test("failures that were under way when the refusal began do not lengthen it", () => {
  const throttle = refused();
  assert.equal(throttle.fail(PEER, 1500), 0);
  assert.equal(throttle.refusedForMs(PEER, 2000), 0);
  assert.equal(throttle.fail(PEER, 2000), 2000);
});

test("a quiet minute takes back one doubling", () => {
  const throttle = refused();
  assert.equal(throttle.fail(PEER, 2000), 2000);
  assert.equal(throttle.fail(PEER, 4000), 4000);
  assert.equal(throttle.fail(PEER, 8000 + MINUTE), 4000);
});

test("after enough quiet minutes an address has all its failures again", () => {
  const throttle = refused();
  const later = 2000 + MINUTE;
  assert.deepEqual(
    [0, 1, 2].map((at) => throttle.fail(PEER, later + at)),
    [0, 0, 1000],
  );
});

test("an IPv6 address is counted with its /64 network", () => {
  const throttle = createThrottle({ maxFailures: 2, failureDelayMs: 1000 });
  throttle.fail("2001:db8:1:2::1", 0);
  throttle.fail("2001:db8:1:2::2", 0);
  assert.equal(throttle.refusedForMs("2001:db8:1:2::3", 0), 1000);
  assert.equal(throttle.refusedForMs("2001:db8:1:3::3", 0), 0);
});

test("the table is bounded: the address that failed longest ago is forgotten", () => {
  const throttle = createThrottle({ maxFailures: 1, failureDelayMs: 1000, maxAddresses: 2 });
  for (const peer of ["a", "b", "c"]) throttle.fail(peer, 0);
  assert.deepEqual(
    ["a", "b", "c"].map((peer) => throttle.refusedForMs(peer, 0)),
    [0, 1000, 1000],
  );
});

test("a clock that is set back does not lengthen a refusal", () => {
  const throttle = createThrottle({ maxFailures: 1, failureDelayMs: 1000 });
  throttle.fail(PEER, 1_000_000);
  assert.equal(throttle.refusedForMs(PEER, 0), 1000);
});

test("a refusal ends in its time after a clock was set back, and failures count again", () => {
  const throttle = createThrottle({ maxFailures: 2, failureDelayMs: 1000 });
  for (const at of [MINUTE, MINUTE]) throttle.fail(PEER, at);
  assert.equal(throttle.refusedForMs(PEER, 10), 1000);
  assert.equal(throttle.refusedForMs(PEER, 1009), 1);
  assert.equal(throttle.refusedForMs(PEER, 1010), 0);
  assert.equal(throttle.fail(PEER, 1010), 2000);
});

test("of too many addresses the one whose last failure is the longest ago is forgotten", () => {
  const throttle = createThrottle({ maxFailures: 2, failureDelayMs: 60_000, maxAddresses: 2 });
  throttle.fail(PEER, 1);
  throttle.fail("192.0.2.8", 2);
  throttle.fail(PEER, 3);
  throttle.fail("192.0.2.9", 4);
  assert.equal(throttle.refusedForMs(PEER, 4), 59_999);
});
