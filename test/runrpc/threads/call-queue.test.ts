import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { createCallQueue } from "../../../src/runrpc/threads/call-queue.ts";
import type { LinkedCall, ThreadLink } from "../../../src/runrpc/threads/thread-link.ts";

interface Call extends LinkedCall {
  readonly name: string;
}

/** The most that wait in a thread, with the one that runs. */
const MOST_SENT = 32;

/** A thread of which the queue is told no more than how many calls it has. */
class Thread implements Partial<ThreadLink> {
  readonly sync: Call[] = [];
  readonly async: Call[] = [];
  readonly hasSlot = true;
  /** It gives signs all the time, unless a test says otherwise. */
  signAtMs = Number.POSITIVE_INFINITY;

  get syncCalls(): number {
    return this.sync.length;
  }

  get asyncCalls(): number {
    return this.async.length;
  }

  send(call: LinkedCall, isSync: boolean): void {
    (isSync ? this.sync : this.async).push(call as Call); // as the tests make them
  }

  /** The first one runs. */
  takeBack(most: number): readonly Call[] {
    return this.sync.splice(1, most);
  }
}

function setUp(threads: number, callsPerThread = 2) {
  const all = Array.from({ length: threads }, () => new Thread());
  const links = [...all];
  const refused: string[] = [];
  const queue = createCallQueue({
    links: () => links as unknown as readonly ThreadLink[], // what the queue asks of them is there
    callsPerThread,
    isSync: (call) => (call as Call).name.startsWith("sync"),
  });
  const callOf = (name: string, mayWait = true): Call =>
    ({ name, mayWait, place: -1, lost: () => refused.push(name) }) as Partial<Call> as Call; // the same
  const add = (...names: readonly string[]): void => {
    for (const name of names) queue.add(callOf(name));
  };
  return { queue, links, threads: all, refused, callOf, add };
}

const namesOf = (calls: readonly Call[]): readonly string[] => calls.map(({ name }) => name);
const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, n) => `sync ${n}`);

describe("the queue of calls for threads", () => {
  it("gives a thread as many calls that share it as it may have, and the next when one has ended", () => {
    const { queue, threads, add } = setUp(2);
    add("a", "b", "c", "d", "e");
    assert.deepEqual(
      threads.map(({ async }) => namesOf(async)),
      [
        ["a", "c"],
        ["b", "d"],
      ],
    );
    assert.equal(queue.waiting, 1);
    threads[1]?.async.pop();
    queue.distribute();
    assert.deepEqual(namesOf(threads[1]?.async ?? []), ["b", "e"]);
    assert.equal(queue.waiting, 0);
  });

  it("sends a few ahead to a thread that is held, and no more; one that may not wait there waits here", () => {
    const { queue, threads, callOf, add } = setUp(1);
    add("sync first");
    queue.add(callOf("sync large", false));
    assert.deepEqual(namesOf(threads[0]?.sync ?? []), ["sync first"]);
    assert.equal(queue.waiting, 1);
    const { threads: others, queue: other, add: addOther } = setUp(1);
    addOther(...numbered(MOST_SENT + 3));
    assert.equal(others[0]?.syncCalls, MOST_SENT);
    assert.equal(other.waiting, MOST_SENT - 1 + 3);
  });

  it("has a thread with nothing to do take half of what waits in the busiest", () => {
    const { queue, threads, links, add } = setUp(2);
    links.pop();
    add(...numbered(6));
    assert.equal(threads[0]?.syncCalls, 6);
    links.push(threads[1] as Thread); // the second
    queue.distribute();
    assert.deepEqual(
      threads.map(({ sync }) => namesOf(sync)),
      [
        ["sync 0", "sync 4", "sync 5"],
        ["sync 1", "sync 2", "sync 3"],
      ],
    );
  });

  it("takes back all that wait in a thread which gives no sign, be it one, when there is another", () => {
    const { queue, threads, links, add } = setUp(2);
    const [silent, other] = threads as [Thread, Thread]; // two
    links.pop();
    add("sync runs", "sync waits");
    other.sync.push({ name: "another" } as Call); // it is busy, so that it takes none by itself
    links.push(other);
    silent.signAtMs = Number.NEGATIVE_INFINITY;
    queue.distribute();
    assert.deepEqual([namesOf(silent.sync), namesOf(other.sync)], [["sync runs"], ["another", "sync waits"]]);
  });

  it("has calls of a thread that has ended go before those that wait", () => {
    const { queue, links, threads, callOf, add } = setUp(1);
    const [thread] = links.splice(0) as [Thread]; // one
    links.push(Object.assign(new Thread(), { hasSlot: false }));
    add("sync later");
    queue.addBack([callOf("sync back 1"), callOf("sync back 2")]);
    links.splice(0, 1, thread);
    queue.distribute();
    assert.deepEqual(namesOf(threads[0]?.sync ?? []), ["sync back 1", "sync back 2", "sync later"]);
  });

  it("gives up a call that was sent to no thread, of either kind, and refuses all that are left", () => {
    const { queue, links, refused, callOf, add } = setUp(1);
    links[0]?.sync.push({ name: "runs" } as Call); // none may be beside it
    const withdrawn = callOf("shares");
    queue.add(withdrawn);
    assert.ok(queue.withdraw(withdrawn));
    assert.ok(!queue.withdraw(withdrawn));
    add("shares too");
    queue.add(callOf("sync large", false));
    assert.equal(queue.waiting, 2);
    queue.refuseAll(new ConnectError("closing", Code.Unavailable));
    assert.deepEqual(refused.sort(), ["shares too", "sync large"]);
    assert.equal(queue.waiting, 0);
  });
});
