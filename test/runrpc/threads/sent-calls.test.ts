import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MAX_CALLS, slotOf, state } from "../../../src/runrpc/threads/protocol.ts";
import { createSentCalls } from "../../../src/runrpc/threads/sent-calls.ts";

interface Call {
  readonly name: string;
  readonly mayWait: boolean;
}

const call = (name: string, mayWait = true): Call => ({ name, mayWait });
const namesOf = (calls: readonly Call[]): string => calls.map(({ name }) => name).join();

function create() {
  const states = new Int32Array(new SharedArrayBuffer(4 * MAX_CALLS));
  const calls = createSentCalls<Call>(states);
  /** As a thread does. */
  const begin = (number: number): number =>
    Atomics.compareExchange(states, slotOf(number), state.waiting, state.running);
  return { calls, begin };
}

describe("the calls that a thread was sent", () => {
  it("are found by their numbers until they have ended, and are counted", () => {
    const { calls } = create();
    const one = calls.add(call("one"), true);
    const two = calls.add(call("two"), false);
    assert.deepEqual([calls.syncCalls, calls.asyncCalls], [1, 1]);
    assert.equal(calls.get(one)?.name, "one");
    assert.equal(calls.remove(one)?.name, "one");
    assert.equal(calls.remove(one), undefined);
    assert.equal(calls.get(one), undefined);
    assert.deepEqual([calls.syncCalls, calls.asyncCalls], [0, 1]);
    assert.equal(namesOf(calls.removeAll()), "two");
    assert.deepEqual([calls.syncCalls, calls.asyncCalls], [0, 0]);
    assert.equal(calls.get(two), undefined);
  });

  it("have a place each, and a number that the next one in its place has not", () => {
    const { calls } = create();
    const numbers = Array.from({ length: MAX_CALLS }, (_, n) => calls.add(call(`${n}`), true));
    assert.equal(new Set(numbers.map(slotOf)).size, MAX_CALLS);
    assert.ok(!calls.hasSlot);
    const [first = 0] = numbers;
    calls.remove(first);
    assert.ok(calls.hasSlot);
    const next = calls.add(call("next"), true);
    assert.equal(slotOf(next), slotOf(first));
    assert.notEqual(next, first);
    assert.equal(calls.get(first), undefined);
  });

  it("are taken back where they have not begun; their places are free when the thread has seen it", () => {
    const { calls, begin } = create();
    const [running, waiting] = [calls.add(call("running"), true), calls.add(call("waiting"), true)];
    assert.equal(begin(running), state.waiting);
    assert.equal(calls.withdraw(running), undefined);
    assert.equal(calls.withdraw(waiting)?.name, "waiting");
    assert.equal(calls.withdraw(waiting), undefined);
    assert.equal(calls.syncCalls, 1);
    assert.equal(begin(waiting), state.withdrawn);
    assert.equal(calls.remove(waiting), undefined);
    assert.equal(namesOf(calls.removeAll()), "running");
  });

  it("the oldest are taken back first, of functions that hold their thread alone unless all are asked for", () => {
    const { calls } = create();
    calls.remove(calls.add(call("gone"), true));
    for (const name of ["a", "b", "c"]) calls.add(call(name), true);
    calls.add(call("large", false), true);
    calls.add(call("async"), false);
    assert.equal(namesOf(calls.takeBack(2)), "a,b");
    assert.equal(namesOf(calls.takeBack(MAX_CALLS, true)), "c,async");
    assert.equal(namesOf(calls.removeAll()), "large");
  });
});
