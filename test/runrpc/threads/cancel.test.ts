import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { MAX_CALLS } from "../../../src/runrpc/threads/protocol.ts";
import { errorOf, serve } from "./serve.ts";

/** mulberry32: numbers from 0 to 1 that a seed repeats. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

async function* count(to: number) {
  for (let n = 0; n < to; n++) yield { text: String(n) };
}

/** The text that the first user of a list has for a name. */
const first = ({ users }: { users: { displayName: string }[] }) => users[0]?.displayName;

describe("calls in threads that are cancelled", () => {
  it("bidi: 10,000 messages each way are in order while others are left at random moments, and nothing leaks", async (t) => {
    const { chat, users, server } = await serve(t, { threads: 1 });
    const seed = Math.floor(Math.random() * 2 ** 31);
    const random = randomFrom(seed);
    const thread = first(await users.listUsers({ pageToken: "thread" }));

    async function whole(): Promise<void> {
      let next = 0;
      for await (const { text } of chat.chat(count(10_000))) assert.equal(text, String(next++));
      assert.equal(next, 10_000);
    }

    async function left(): Promise<void> {
      const leave = new AbortController();
      const at = Math.floor(random() * 200);
      // Also before the first answer, and by the clock.
      const timer = random() < 0.5 ? setTimeout(() => leave.abort(), random() * 20) : undefined;
      let next = 0;
      try {
        for await (const { text } of chat.chat(count(10_000), { signal: leave.signal })) {
          assert.equal(text, String(next++), `seed ${seed}`);
          if (timer === undefined && next > at) leave.abort();
        }
        assert.fail("a call that was left has ended well");
      } catch (reason) {
        assert.equal(ConnectError.from(reason).code, Code.Canceled, `seed ${seed}: ${reason}`);
      } finally {
        clearTimeout(timer);
      }
    }

    const begun = whole();
    // More of them than a thread has places: one that was not given back would be missing.
    for (let n = 0; n < MAX_CALLS + 44; n += 4) await Promise.all([left(), left(), left(), left()]);
    await begun;
    while (server.stats().calls.open > 0) await delay(1);
    assert.equal(server.stats().calls.abandoned, 0);
    await whole();
    assert.equal(first(await users.listUsers({ pageToken: "thread" })), thread);
  });

  it("unary: those that wait in a thread are gone at once, and none of them runs", async (t) => {
    const { users, server } = await serve(t, { only: "users", threads: 1, graceMs: 60_000 });
    const leave = new AbortController();
    const holds = users.listUsers({ pageToken: "waits", pageSize: 1_000 });
    while (server.stats().calls.open < 1) await delay(1);
    const waiting = Array.from({ length: 64 }, () =>
      users.listUsers({ pageToken: "deaf" }, { signal: leave.signal }).catch(() => {}),
    );
    while (server.stats().calls.open < waiting.length + 1) await delay(1);
    leave.abort();
    while (server.stats().calls.open > 1) await delay(1);
    assert.equal(server.stats().calls.abandoned, 0);
    await Promise.all(waiting);
    const thread = first(await holds);
    for (let n = 0; n < 2 * MAX_CALLS; n++)
      assert.equal(first(await users.listUsers({ pageToken: "thread" })), thread);
  });

  it("unary: what waits behind a function that holds its thread is served by another one", async (t) => {
    const { users } = await serve(t, { only: "users", threads: 2, graceMs: 100 });
    // Sent ahead while both threads are quick; then one of them is held.
    const calls = Array.from({ length: 64 }, (_, n) =>
      n === 20
        ? users.listUsers({ pageToken: "deaf" }, { timeoutMs: 3_000 }).catch((reason: unknown) => reason)
        : // Longer than the default: a busy machine takes a minute to end a thread and start another one.
          users.listUsers({ pageToken: "thread" }, { timeoutMs: 600_000 }),
    );
    const served = await Promise.all(calls.filter((_, n) => n !== 20));
    assert.equal(served.length, 63);
    const error = await calls[20];
    assert.equal(ConnectError.from(error).code, Code.DeadlineExceeded);
  });

  it("unary: calls that were answered before one that holds their thread are told at once, and stay so when it is ended", async (t) => {
    const { users, server } = await serve(t, { only: "users", threads: 1, graceMs: 100 });
    const short = () => users.listUsers({ pageToken: "thread" }, { timeoutMs: 600_000 });
    // Once they are quick, their answers are gathered.
    for (let n = 0; n < 50; n++) await Promise.all(Array.from({ length: 20 }, short));
    const leave = new AbortController();
    const before = Array.from({ length: 20 }, short);
    const holds = errorOf(users.listUsers({ pageToken: "deaf" }, { signal: leave.signal }));
    await Promise.all(before);
    assert.equal(server.stats().calls.open, 1);
    leave.abort();
    assert.equal((await holds).code, Code.Canceled);
    await short();
  });

  it("unary: a loop that polls its signal ends at its deadline while the main thread is held", async (t) => {
    const { users, server } = await serve(t, { only: "users", threads: 1 });
    const heldMs = 3_000;
    let polledMs = 0;
    // A call that has not come to its thread when the main one is held never runs: then once more.
    for (let round = 0; round < 5 && polledMs === 0; round++) {
      const polls = errorOf(users.listUsers({ pageToken: "polls" }, { timeoutMs: 1_000 }));
      while (server.stats().calls.open < 1) await delay(1);
      await delay(200);
      const until = performance.now() + heldMs;
      while (performance.now() < until) Math.sqrt(until);
      assert.equal((await polls).code, Code.DeadlineExceeded);
      polledMs = Number(first(await users.listUsers({ pageToken: "polled" })));
    }
    assert.ok(polledMs > 0 && polledMs < heldMs - 500, `it has polled for ${polledMs} ms`);
  });

  it("unary: a thread whose call has heeded its cancel in time is not ended because the main thread was held", async (t) => {
    const { users, server } = await serve(t, { only: "users", threads: 1, graceMs: 100 });
    const thread = first(await users.listUsers({ pageToken: "thread" }));
    const leave = new AbortController();
    const polls = errorOf(users.listUsers({ pageToken: "polls" }, { signal: leave.signal }));
    while (server.stats().calls.open < 1) await delay(1);
    leave.abort();
    await polls;
    // The server hears of it, and cancels the thread; then nothing is heard for longer than the grace.
    while (server.stats().calls.open > 0) await delay(1);
    const until = performance.now() + 1_000;
    while (performance.now() < until) Math.sqrt(until);
    assert.equal(first(await users.listUsers({ pageToken: "thread" })), thread);
  });

  it("unary: the time that a call waits in a thread is a part of its time", async (t) => {
    const { users } = await serve(t, { only: "users", threads: 1 });
    const waitMs = 500;
    const [, second] = await Promise.all([
      users.listUsers({ pageToken: "waits", pageSize: waitMs }),
      users.listUsers({ pageToken: "remains" }, { timeoutMs: 60_000 }),
    ]);
    const leftMs = Number(first(second));
    assert.ok(leftMs > 0 && leftMs <= 60_000 - waitMs, `${leftMs} ms are left`);
  });
});
