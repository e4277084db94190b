import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { createTurns, type Turn, type TurnsOptions } from "../../../../src/runrpc/server/auth/turns.ts";
import { settled } from "./memory-store.ts";

const A = "192.0.2.7";
const B = "192.0.2.8";

function setUp(t: TestContext, options: Partial<TurnsOptions> = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  let now = 1_000_000;
  const turns = createTurns({ perSecond: 100, now: () => now, ...options });
  const given: string[] = [];
  const open: Turn[] = [];
  return {
    turns,
    /** Who has had a turn, in order. */
    given,
    /** Gives a turn back. */
    end: (isGood: boolean) => open.shift()?.end(isGood),
    /** Asks for a turn under a name. */
    enter(name: string, network = A, line: unknown = name[0]) {
      const turn = turns.enter(network, line, undefined);
      const take = (taken: Turn) => {
        given.push(name);
        open.push(taken);
      };
      if (turn instanceof Promise) void turn.then(take, () => given.push(`-${name}`));
      else take(turn);
    },
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= 10) {
        now += 10;
        t.mock.timers.tick(10);
      }
      await settled();
    },
    setClock: (ms: number) => {
      now = ms;
    },
  };
}

test("a tenth of a second's turns come at once, and one more each time it is earned", async (t) => {
  const { given, enter, pass } = setUp(t);
  for (let turn = 1; turn <= 13; turn++) enter(`a${turn}`);
  assert.equal(given.length, 10);
  await pass(10);
  assert.equal(given.length, 11);
  await pass(20);
  assert.equal(given.length, 13);
});

test("a rate below ten a second gives one turn at once", async (t) => {
  const { given, enter, pass } = setUp(t, { perSecond: 1 });
  enter("a1");
  enter("a2");
  await pass(990);
  assert.deepEqual(given, ["a1"]);
  await pass(10);
  assert.deepEqual(given, ["a1", "a2"]);
});

test("the turn of a good key does not count, and is given to the next at once", async (t) => {
  const { given, enter, end } = setUp(t, { perSecond: 1 });
  for (const name of ["a1", "a2", "a3"]) enter(name);
  end(true);
  await settled();
  assert.deepEqual(given, ["a1", "a2"]);
  end(false);
  await settled();
  assert.deepEqual(given, ["a1", "a2"]);
});

test("a turn that is ended twice counts once", async (t) => {
  const { turns } = setUp(t, { perSecond: 1 });
  const turn = await turns.enter(A, 1, undefined);
  turn.end(true);
  turn.end(true);
  assert.deepEqual(turns.stats(), { networks: 0, waiting: 0, asked: 0 });
});

test("lines of one network are served in rotation: who comes last on a line of its own is second", async (t) => {
  const { given, enter, pass } = setUp(t, { perSecond: 10 });
  enter("x");
  for (let turn = 1; turn <= 5; turn++) enter(`a${turn}`);
  enter("b1");
  enter("c1");
  await pass(500);
  assert.deepEqual(given, ["x", "a1", "b1", "c1", "a2", "a3"]);
});

test("one network's flood takes no turn of another", async (t) => {
  const { given, enter } = setUp(t, { perSecond: 10 });
  for (let turn = 1; turn <= 50; turn++) enter(`a${turn}`);
  enter("b", B);
  assert.deepEqual(given, ["a1", "b"]);
});

test("at most so many are under way in all, and networks take turns as one ends", async (t) => {
  const { turns, given, enter, end } = setUp(t, { perSecond: 1000, maxAsked: 2 });
  for (const name of ["a1", "a2", "a3", "a4"]) enter(name);
  enter("b1", B);
  assert.deepEqual(given, ["a1", "a2"]);
  assert.deepEqual(turns.stats(), { networks: 2, waiting: 3, asked: 2 });
  end(false);
  end(false);
  await settled();
  assert.deepEqual(given, ["a1", "a2", "a3", "b1"]);
});

test("a line holds its share of the room and no more, and a new one always one", async (t) => {
  const { given, enter } = setUp(t, { perSecond: 10, maxWaiting: 4 });
  for (let turn = 0; turn <= 4; turn++) enter(`a${turn}`);
  await assertFull(() => enter("a5"));
  for (const line of ["b", "c", "d", "e", "f"]) enter(`${line}1`);
  await assertFull(() => enter("f2"));
  await assertFull(() => enter("a5"));
  assert.deepEqual(given, ["a0"]);
});

test("the room of lines that are over is that of the others again", async (t) => {
  const { given, enter, pass } = setUp(t, { perSecond: 10, maxWaiting: 4 });
  enter("x");
  for (const line of ["b", "c", "d"]) enter(`${line}1`);
  await pass(300);
  assert.deepEqual(given, ["x", "b1", "c1", "d1"]);
  for (let turn = 1; turn <= 4; turn++) enter(`a${turn}`);
  await assertFull(() => enter("a5"));
});

test("a pause brings in no more than a bucket holds", async (t) => {
  const { given, enter, end, pass } = setUp(t, { perSecond: 20 });
  enter("a");
  end(false);
  await pass(10_000);
  for (let turn = 1; turn <= 3; turn++) enter(`b${turn}`);
  assert.deepEqual(given, ["a", "b1", "b2"]);
});

test("a network is not forgotten while its key is looked up, however many others come", async (t) => {
  const { turns, given, enter } = setUp(t, { perSecond: 10, maxNetworks: 1 });
  enter("a1");
  enter("b1", B);
  enter("a2");
  assert.deepEqual(given, ["a1", "b1"]);
  assert.equal(turns.stats().networks, 2);
});

test("a call that is cancelled leaves its line, and takes no turn", async (t) => {
  const { turns, given, enter, pass } = setUp(t, { perSecond: 10 });
  enter("x");
  const listeners = new Set<(reason: ConnectError) => void>();
  const call = {
    onCancel(listener: (reason: ConnectError) => void) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const left = turns.enter(A, "a", call);
  const stays = turns.enter(A, "c", call);
  enter("b1");
  const [leave] = listeners;
  leave?.(new ConnectError("gone", Code.Canceled));
  await assert.rejects(async () => left, { code: Code.Canceled });
  await pass(100);
  assert.ok(await stays);
  await pass(100);
  assert.deepEqual(given, ["x", "b1"]);
  assert.equal(listeners.size, 0);
  assert.equal(turns.stats().waiting, 0);
});

test("nothing is kept of a network whose bucket is full again, and of others no more than the bound", async (t) => {
  const { turns, enter, end, pass } = setUp(t, { maxNetworks: 3 });
  enter("good", A);
  end(true);
  assert.equal(turns.stats().networks, 0);
  for (const network of ["1", "2", "3", "4", "5"]) {
    enter("wrong", network);
    end(false);
  }
  assert.deepEqual(turns.stats(), { networks: 3, waiting: 0, asked: 0 });
  await pass(1000);
  enter("wrong", "6");
  assert.equal(turns.stats().networks, 3);
});

test("a clock that is set back gives no turns and takes none", async (t) => {
  const { given, enter, setClock, pass } = setUp(t, { perSecond: 10 });
  enter("a1");
  enter("a2");
  setClock(0);
  await pass(90);
  assert.deepEqual(given, ["a1"]);
  await pass(20);
  assert.deepEqual(given, ["a1", "a2"]);
});

test("close rejects who waits", async (t) => {
  const { turns, given, enter } = setUp(t, { perSecond: 10 });
  for (const name of ["a1", "a2", "a3"]) enter(name);
  turns.close(new Error("closing"));
  await settled();
  assert.deepEqual(given, ["a1", "-a2", "-a3"]);
  assert.equal(turns.stats().waiting, 0);
});

function assertFull(enter: () => void): Promise<void> {
  assert.throws(enter, { code: Code.ResourceExhausted });
  return settled();
}
