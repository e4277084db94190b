import assert from "node:assert/strict";
import { test } from "node:test";
import { createLoopTurns } from "../../../../src/runrpc/server/call/loop-turns.ts";

/** Turns of a loop that the test turns. */
function setUp() {
  const clock = { ms: 100, turn: 1 };
  const turns = createLoopTurns({ nowMs: () => clock.ms, turn: () => clock.turn });
  const went: string[] = [];
  const waiter = (name: string, work: () => void = () => {}) => ({
    turned() {
      went.push(name);
      work();
    },
  });
  return { clock, turns, went, waiter };
}

const nextTurn = () => new Promise(setImmediate);

test("streams may run for 5 ms in a turn, from the first look in it on", () => {
  const { clock, turns } = setUp();
  for (let round = 0; round < 3; round++) {
    assert.equal(turns.isOver(), false);
    clock.ms += 4.5;
    assert.equal(turns.isOver(), false);
    clock.ms += 0.5;
    assert.equal(turns.isOver(), true);
    clock.ms += 100;
    assert.equal(turns.isOver(), true);
    clock.turn++;
  }
});

test("who waits goes on in a next turn, in the order of coming, as long as there is time in it", async () => {
  const { clock, turns, went, waiter } = setUp();
  assert.equal(turns.isOver(), false);
  turns.wait(waiter("first"));
  turns.wait(
    waiter("second", () => {
      clock.ms += 5;
    }),
  );
  turns.wait(waiter("third"));
  assert.deepEqual(went, []);
  await nextTurn();
  assert.deepEqual(went, ["first", "second"]);
  clock.turn++;
  await nextTurn();
  assert.deepEqual(went, ["first", "second", "third"]);
});

test("who waits twice goes on once", async () => {
  const { turns, went, waiter } = setUp();
  const one = waiter("one");
  turns.wait(one);
  turns.wait(one);
  await nextTurn();
  await nextTurn();
  assert.deepEqual(went, ["one"]);
  turns.wait(one);
  await nextTurn();
  assert.deepEqual(went, ["one", "one"]);
});

test("the loop's own turns are counted", async () => {
  const turns = createLoopTurns();
  const untilOver = async (): Promise<void> => {
    while (!turns.isOver()) await undefined; // as a generator that never waits
  };
  await untilOver();
  assert.equal(turns.isOver(), true);
  await nextTurn();
  assert.equal(turns.isOver(), false);
});
