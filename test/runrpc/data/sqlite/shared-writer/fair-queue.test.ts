import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallOrigin, PendingCall } from "../../../../../src/runrpc/data/call-queue.ts";
import { createFairQueue } from "../../../../../src/runrpc/data/sqlite/shared-writer/fair-queue.ts";

const roomOf = (max: number) => ({
  waiting: 0,
  what: "writes",
  option: "maxQueuedWrites",
  max,
  bytes: { used: 0, max: 1_000 },
});

function callOf(
  origin: CallOrigin | undefined,
  input: string,
  fields: Partial<PendingCall> = {},
): PendingCall {
  return {
    ...{ query: 0, input, origin, background: false, bytes: 1, settled: false, isCounted: false },
    ...{ order: undefined, hasMoved: false, lostWorkers: 0, place: -1, onRan: undefined, ticket: 0 },
    withdraw() {},
    resolve() {},
    reject() {},
    ...fields,
  };
}

const inputs = (calls: readonly PendingCall[]) => calls.map(({ input }) => input).join(" ");

test("each process has its turn, and its calls their order", () => {
  const [a, b] = [{ takesAnswers: true }, { takesAnswers: true }];
  const queue = createFairQueue(roomOf(100));
  for (let index = 0; index < 9; index++) queue.add(callOf(a, `a${index}`));
  queue.add(callOf(b, "b0"));
  queue.add(callOf(undefined, "c0"));
  assert.equal(queue.size, 11);
  assert.equal(inputs(queue.take(4, 1_000)), "a0 a1 b0 c0");
  queue.add(callOf(b, "b1"));
  assert.equal(inputs(queue.take(1, 1_000)), "a2");
  assert.equal(inputs(queue.take(1, 1_000)), "b1");
  assert.equal(inputs(queue.take(100, 1_000)), "a3 a4 a5 a6 a7 a8");
  assert.equal(queue.size, 0);
});

test("what is taken together fits into its bytes, shared out, unless one alone holds more", () => {
  const [a, b] = [{ takesAnswers: true }, { takesAnswers: true }];
  const queue = createFairQueue(roomOf(100));
  for (const bytes of [200, 30, 30, 30]) queue.add(callOf(a, `a${bytes}`, { bytes }));
  queue.add(callOf(b, "b40", { bytes: 40 }));
  assert.equal(inputs(queue.take(10, 100)), "a200");
  assert.equal(inputs(queue.take(10, 100)), "b40 a30 a30");
  assert.equal(inputs(queue.take(10, 100)), "a30");
});

test("a process that takes no answers keeps its calls until it does", () => {
  const [a, b] = [{ takesAnswers: false }, { takesAnswers: true }];
  const queue = createFairQueue(roomOf(100));
  queue.add(callOf(a, "a0"));
  queue.add(callOf(b, "b0"));
  assert.equal(inputs(queue.take(10, 100)), "b0");
  assert.deepEqual([queue.take(10, 100), queue.size], [[], 1]);
  a.takesAnswers = true;
  assert.equal(inputs(queue.take(10, 100)), "a0");
});

test("all processes share one room, which a call that is taken back leaves", () => {
  const [a, b] = [{ takesAnswers: true }, { takesAnswers: true }];
  const room = roomOf(2);
  const queue = createFairQueue(room);
  const first = callOf(a, "a0");
  queue.add(first);
  queue.add(callOf(b, "b0"));
  assert.throws(() => queue.add(callOf(b, "b1")), /3 writes are waiting, above the maximum of 2/);
  first.withdraw(first);
  assert.deepEqual([queue.size, room.waiting, room.bytes.used], [1, 1, 1]);
  queue.add(callOf(b, "b1"));
  assert.equal(inputs(queue.takeAll()), "b0 b1");
  assert.deepEqual([queue.size, room.waiting], [0, 0]);
});

test("what a worker gave back goes first; a call that has cost one goes alone", () => {
  const [a, b] = [{ takesAnswers: true }, { takesAnswers: true }];
  const queue = createFairQueue(roomOf(100));
  queue.add(callOf(a, "a1"));
  queue.giveBack(callOf(b, "b0", { lostWorkers: 1 }));
  queue.giveBack(callOf(a, "a0"));
  assert.equal(inputs(queue.take(10, 100)), "b0");
  assert.equal(inputs(queue.take(10, 100)), "a0");
  assert.equal(inputs(queue.take(10, 100)), "a1");
});
