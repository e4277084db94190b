import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createSyncLine, type Pace, type SyncCall } from "../../../src/runrpc/threads/sync-line.ts";
import { isCollected } from "../../collect.ts";

/** A line, and what happens around it, in order. */
function setUp() {
  const log: string[] = [];
  /** What has come when the line looks, one for each look. */
  const mail: (() => void)[] = [];
  const turned = Promise.withResolvers<void>();
  let isDrafted = true;
  const line = createSyncLine({
    hear() {
      const read = mail.shift();
      read?.();
      return read !== undefined;
    },
    flush() {
      isDrafted = true;
      log.push("flush");
    },
    isDrafted: () => isDrafted,
    goOn() {
      log.push("turn");
      line.run();
      turned.resolve();
    },
  });
  const add = (name: string, changes: Partial<SyncCall> = {}): void =>
    line.add({
      pace: { longestMs: 0 },
      take: () => true,
      run() {
        log.push(name);
        return false;
      },
      ...changes,
    });
  /** Says what the main thread cannot see before it is sent. */
  const say = (): void => {
    isDrafted = false;
  };
  const ran = (): readonly string[] => log.filter((each) => each !== "flush");
  /** Runs the line, and waits until so many calls have run: on a slow machine the loop turns between two of them. */
  async function runAll(calls: number): Promise<readonly string[]> {
    line.run();
    const run = (): readonly string[] => ran().filter((each) => each !== "turn");
    for (let turns = 0; turns < 1_000 && run().length < calls; turns++) await new Promise(setImmediate);
    return run();
  }
  return { line, log, mail, add, say, ran, runAll, turned: turned.promise };
}

function hold(ms: number): void {
  for (const end = performance.now() + ms; performance.now() < end; );
}

describe("the line of calls that hold their thread", () => {
  it("sends the answers that were gathered before a call that may take long, and all of them at the end", async () => {
    const { log, add, runAll } = setUp();
    add("short");
    add("long", { pace: { longestMs: 1 } });
    assert.deepEqual(await runAll(2), ["short", "long"]);
    assert.deepEqual([log[log.indexOf("long") - 1], log.at(-1)], ["flush", "flush"]);
  });

  it("sends an answer that cannot be seen otherwise before the next call, which may hold the thread", async () => {
    const { log, add, say, runAll } = setUp();
    add("large", {
      run() {
        log.push("large");
        say();
        return false;
      },
    });
    add("next");
    assert.deepEqual(await runAll(2), ["large", "next"]);
    assert.equal(log[log.indexOf("next") - 1], "flush");
  });

  it("knows how long a method has taken, and forgets it little by little", () => {
    const pace: Pace = { longestMs: 0 };
    const first = setUp();
    first.add("takes a millisecond", {
      pace,
      run() {
        hold(1);
        return false;
      },
    });
    first.line.run();
    assert.ok(pace.longestMs >= 1, `${pace.longestMs}`);
    pace.longestMs = 1e6;
    const second = setUp();
    second.add("shorter", { pace });
    second.line.run();
    assert.equal(pace.longestMs, 0.9 * 1e6);
  });

  it("does not run a call that was taken back", async () => {
    const { add, runAll } = setUp();
    add("taken back", { take: () => false });
    add("other");
    assert.deepEqual(await runAll(1), ["other"]);
  });

  it("runs what has come meanwhile before the thread sleeps", async () => {
    const { mail, add, runAll } = setUp();
    mail.push(
      () => add("second"),
      () => {},
      () => add("third"),
    );
    add("first");
    assert.deepEqual(await runAll(3), ["first", "second", "third"]);
  });

  it("lets the loop of the thread turn after calls that took their time, whoever has more of them run", async () => {
    const { line, add, ran, turned } = setUp();
    const run = (): boolean => {
      hold(6);
      return false;
    };
    add("held", { run });
    add("next");
    line.run();
    line.run();
    assert.deepEqual(ran(), []);
    await turned;
    assert.deepEqual(ran(), ["turn", "next"]);
  });

  it("waits for the end of a call that goes on", () => {
    const { line, add, ran } = setUp();
    const ends: (() => void)[] = [];
    add("goes on", {
      run(onEnd) {
        ends.push(onEnd);
        return true;
      },
    });
    add("next");
    line.run();
    line.run();
    assert.deepEqual(ran(), []);
    for (const end of ends) end();
    assert.deepEqual(ran(), ["next"]);
  });

  it("keeps nothing of calls that have run", async () => {
    const { line } = setUp();
    const addOne = (): WeakRef<SyncCall> => {
      const call: SyncCall = { pace: { longestMs: 0 }, take: () => true, run: () => false };
      line.add(call);
      return new WeakRef(call);
    };
    const call = addOne();
    line.run();
    assert.ok(await isCollected(call));
    line.run();
  });
});
