import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Call } from "../../../../src/runrpc/server/call/call.ts";
import { watchStalledReaders } from "../../../../src/runrpc/server/http/stalled-readers.ts";

/** A call as far as it is looked at here. */
interface Watched {
  isStalled: boolean;
  bytesOut: number;
  waitingBytes: number;
  readonly cutAtMs: number[];
}

/** A watch over one call, which looks each 100 ms. */
function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let nowMs = 0;
  const call: Watched = { isStalled: true, bytesOut: 0, waitingBytes: 0, cutAtMs: [] };
  const watched = {
    get bytesOut() {
      return call.bytesOut;
    },
    follower: { isStalled: () => call.isStalled, waitingBytes: () => call.waitingBytes },
    cut: () => call.cutAtMs.push(nowMs),
  };
  const end = watchStalledReaders([watched as unknown as Call], 400, () => nowMs);
  const look = (): void => {
    nowMs += 100;
    t.mock.timers.tick(100);
  };
  return { call, look, end };
}

test("a call is cut at the look at which it has stalled for the timeout, and not at the one before", (t) => {
  const { call, look } = setUp(t);
  for (let count = 0; count < 4; count++) look();
  assert.deepEqual(call.cutAtMs, []);
  look();
  // It was first seen stalled at 100.
  assert.deepEqual(call.cutAtMs, [500]);
});

test("a call whose client reads a byte now and then is never cut", (t) => {
  const { call, look } = setUp(t);
  for (let count = 0; count < 50; count++) {
    if (count % 3 === 0) call.bytesOut++;
    look();
  }
  assert.deepEqual(call.cutAtMs, []);
});

test("what a handler goes on to write behind that which nobody reads keeps no call", (t) => {
  const { call, look } = setUp(t);
  for (let count = 0; count < 5; count++) {
    call.bytesOut += 100;
    call.waitingBytes += 110;
    look();
  }
  assert.deepEqual(call.cutAtMs, [500]);
});

test("a call that was read up to its end begins anew when it stalls again", (t) => {
  const { call, look } = setUp(t);
  for (const isStalled of [true, true, true, false, true, true, true, true]) {
    call.isStalled = isStalled;
    look();
  }
  assert.deepEqual(call.cutAtMs, []);
  look();
  assert.deepEqual(call.cutAtMs, [900]);
});

test("nothing is looked at after the end of the watch", (t) => {
  const { call, look, end } = setUp(t);
  look();
  end();
  for (let count = 0; count < 10; count++) look();
  assert.deepEqual(call.cutAtMs, []);
});
