import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { approximateBytes } from "../../../src/runrpc/data/call-bytes.ts";
import {
  createCallQueue,
  type PendingCall,
  type Room,
  startCall,
} from "../../../src/runrpc/data/call-queue.ts";

function callOf(bytes: number, fields: Partial<PendingCall> = {}): PendingCall {
  return {
    query: 0,
    input: undefined,
    background: false,
    bytes,
    settled: false,
    isCounted: false,
    order: undefined,
    origin: undefined,
    hasMoved: false,
    lostWorkers: 0,
    place: -1,
    onRan: undefined,
    ticket: 0,
    withdraw() {},
    resolve() {},
    reject() {},
    ...fields,
  };
}

const roomOf = (max: number, maxBytes: number): Room => ({
  waiting: 0,
  what: "writes",
  option: "maxQueuedWrites",
  max,
  bytes: { used: 0, max: maxBytes },
});

test("a queue takes exactly as many calls, and as many bytes, as its room has", () => {
  const byNumber = createCallQueue(roomOf(2, 1_000));
  byNumber.add(callOf(1));
  byNumber.add(callOf(1));
  assert.throws(
    () => byNumber.add(callOf(1)),
    /3 writes are waiting, above the maximum of 2 \(maxQueuedWrites\)/,
  );

  const byBytes = createCallQueue(roomOf(10, 100));
  byBytes.add(callOf(60));
  byBytes.add(callOf(40));
  assert.throws(() => byBytes.add(callOf(1)), /hold 101 bytes, above the maximum of 100 \(maxQueuedBytes\)/);
  assert.equal(byBytes.size, 2);
});

test("whatever way a call leaves, its room is free again, once", () => {
  const room = roomOf(10, 100);
  const queue = createCallQueue(room);
  const other = createCallQueue(room);
  const calls = Array.from({ length: 5 }, () => callOf(10));
  for (const call of calls) queue.add(call);
  const [withdrawn, ...rest] = calls;
  withdrawn?.withdraw(withdrawn);
  withdrawn?.withdraw(withdrawn);
  assert.deepEqual([room.waiting, room.bytes.used], [4, 40]);
  queue.sort(() => other);
  assert.deepEqual([queue.size, other.size, room.waiting, room.bytes.used], [0, 4, 4, 40]);
  assert.deepEqual(other.take(1, 100), rest.slice(0, 1));
  const [second] = rest.slice(1);
  second?.withdraw(second);
  assert.deepEqual([other.size, room.waiting, room.bytes.used], [2, 2, 20]);
  assert.deepEqual(other.takeAll(), rest.slice(2));
  assert.deepEqual([other.size, room.waiting, room.bytes.used], [0, 0, 0]);
});

test("a call that comes back goes first, takes no room, and can be withdrawn", () => {
  const room = roomOf(1, 100);
  const queue = createCallQueue(room);
  const waits = callOf(10);
  const back = callOf(90);
  const cancelled = callOf(90);
  queue.add(waits);
  queue.giveBack(back);
  queue.giveBack(cancelled);
  cancelled.withdraw(cancelled);
  assert.deepEqual([queue.size, room.waiting, room.bytes.used], [2, 1, 10]);
  assert.deepEqual(queue.take(10, 1_000), [back, waits]);
});

test("what is taken fits into the bytes of a message, but for one that is larger alone", () => {
  const queue = createCallQueue(roomOf(10, 1_000));
  const [large, a, b, c] = [callOf(500), callOf(60), callOf(40), callOf(1)] as const;
  for (const call of [large, a, b, c]) queue.add(call);
  assert.deepEqual([queue.take(9, 100), queue.take(9, 100), queue.take(9, 100)], [[large], [a, b], [c]]);
});

test("calls that may not go stay in their places, and take nothing of a message", () => {
  const queue = createCallQueue(roomOf(10, 1_000));
  const [waits, goes] = [callOf(90, { order: "busy" }), callOf(60)] as const;
  for (const call of [callOf(40), waits, goes]) queue.add(call);
  assert.equal(queue.take(9, 100, ({ order }) => order === undefined).at(-1), goes);
  assert.deepEqual(queue.take(9, 100), [waits]);
});

test("a call that has ended, with a result or an error, listens to its signal no more", async () => {
  for (const end of [
    (call: PendingCall) => call.resolve("result"),
    (call: PendingCall) => call.reject(new Error("error")),
  ]) {
    const { signal } = new AbortController();
    let admitted: PendingCall | undefined;
    const promise = startCall(0, undefined, { signal }, 100, (call) => {
      admitted = call;
    });
    assert.equal(getEventListeners(signal, "abort").length, 1);
    if (admitted !== undefined) end(admitted);
    await promise.catch(() => {});
    assert.equal(getEventListeners(signal, "abort").length, 0);
  }
});

test("a call that has cost a worker goes alone, before and behind others", () => {
  const queue = createCallQueue(roomOf(10, 1_000));
  const [first, suspect, last] = [callOf(1), callOf(1, { lostWorkers: 1 }), callOf(1)] as const;
  for (const call of [first, suspect, last]) queue.giveBack(call);
  assert.deepEqual(
    [queue.take(9, 100), queue.take(9, 100), queue.take(9, 100)],
    [[first], [suspect], [last]],
  );
});

test("bytes are counted in text, typed arrays and whatever holds them, and no further than enough", () => {
  const kilo = "x".repeat(500);
  const about = (value: unknown) => Math.round(approximateBytes(value, 1e9) / 1_000);
  assert.deepEqual(
    [
      kilo,
      [kilo, kilo],
      { a: kilo, b: { c: kilo } },
      new Map([[kilo, kilo]]),
      new Set([kilo]),
      new Uint8Array(3_000),
    ].map(about),
    [1, 2, 2, 2, 1, 3],
  );
  assert.equal(approximateBytes(undefined, 1e9), 8);
  const holdsItself: unknown[] = [];
  holdsItself.push(holdsItself, kilo);
  assert.ok(approximateBytes(holdsItself, 10_000) >= 10_000);
  assert.ok(
    approximateBytes(
      Array.from({ length: 1e6 }, () => kilo),
      10_000,
    ) < 20_000,
  );
  const sparse: unknown[] = [];
  sparse[4e9] = 1;
  assert.ok(approximateBytes(sparse, 10_000) < 20_000);
  const throws = Object.defineProperty({}, "x", { enumerable: true, get: () => assert.fail("read") });
  assert.equal(typeof approximateBytes(throws, 10_000), "number");
});
