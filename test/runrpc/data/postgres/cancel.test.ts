import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type PostgresServer, startPostgres } from "../../../postgres.ts";
import { codeOf, turn } from "../fixture/open.ts";
import { countBackends, holdLock, openTestStore, skip, until } from "./fixture.ts";

const sleeps = "state = 'active' and query like '%pg_sleep%'";

let server: PostgresServer;

before(async () => {
  if (skip === false) server = await startPostgres();
});

after(() => server?.stop());

test("a statement ends on the server when its call does, and the call's reason is told at once", {
  skip,
}, async (t) => {
  const { queries, url } = await openTestStore(t, server, { connections: 2 });
  for (const ask of [
    (signal: AbortSignal) => queries.items.sleep(600, { signal }),
    (signal: AbortSignal) => queries.items.sleepInWrite({ name: "left", seconds: 600 }, { signal }),
  ]) {
    const caller = new AbortController();
    const asked = ask(caller.signal);
    await until("it runs", async () => (await countBackends(server, url, sleeps)) === 1);
    const reason = new Error("left");
    caller.abort(reason);
    await assert.rejects(asked, reason);
    await until("it has ended", async () => (await countBackends(server, url, "state <> 'idle'")) === 0);
  }
  assert.deepEqual(await queries.items.listNames(), []);
});

test("a call that waits for a connection leaves the queue when it is cancelled", { skip }, async (t) => {
  const { queries, url, stats } = await openTestStore(t, server, { connections: 1 });
  const lock = await holdLock(server, url, 1);
  const running = queries.items.countAroundLock(1);
  await until(
    "the read waits",
    async () => (await countBackends(server, url, "wait_event = 'advisory'")) === 1,
  );
  const caller = new AbortController();
  const waiting = queries.items.insertName("never", { signal: caller.signal });
  assert.equal(stats().writes.queued, 1);
  caller.abort(new Error("left"));
  await assert.rejects(waiting, /left/);
  assert.equal(stats().writes.queued, 0);
  await lock.release();
  await running;
  assert.deepEqual(await queries.items.listNames(), []);
});

test("a cancel hits no neighbour: what runs on the same connections right behind is answered", {
  skip,
}, async (t) => {
  const { queries } = await openTestStore(t, server, { connections: 2 });
  const answered: (number | undefined)[] = [];
  await Promise.all(
    Array.from({ length: 8 }, async (_, caller) => {
      for (let round = 0; round < 60; round++) {
        const cancelled = new AbortController();
        const asked = queries.items.sleep(0.001, { signal: cancelled.signal });
        // In this turn, in the next one, or while it runs.
        if (round % 3 === 0) cancelled.abort(new Error("left"));
        else if (round % 3 === 1) setImmediate(() => cancelled.abort(new Error("left")));
        else setTimeout(() => cancelled.abort(new Error("left")), round % 5);
        const behind = queries.items.quick(1_000 * caller + round);
        await asked.catch((error: Error) => assert.equal(error.message, "left"));
        answered.push(await behind);
      }
    }),
  );
  assert.equal(new Set(answered).size, 480);
});

test("a backend that is killed costs its call alone", { skip }, async (t) => {
  const { queries, url, stats } = await openTestStore(t, server, { connections: 3 });
  const lock = await holdLock(server, url, 2);
  const others = Promise.all([queries.items.countAroundLock(2), queries.items.countAroundLock(2)]);
  await until("both wait", async () => (await countBackends(server, url, "wait_event = 'advisory'")) === 2);
  const killed = codeOf(queries.items.sleepInWrite({ name: "killed", seconds: 600 }));
  await until("it runs", async () => (await countBackends(server, url, sleeps)) === 1);
  await kill(url, sleeps);
  assert.equal(await killed, "unavailable");
  await lock.release();
  assert.deepEqual(await others, [
    [0, 0],
    [0, 0],
  ]);
  await queries.items.insertName("next");
  assert.deepEqual(await queries.items.listNames(), ["next"]);
  await until("it is counted", async () => stats().reads.workersReplaced === 1);
});

test("connections that end while nothing runs on them are replaced without a word", { skip }, async (t) => {
  const { queries, url, stats } = await openTestStore(t, server, { connections: 4 });
  const lock = await holdLock(server, url, 3);
  const calls = Array.from({ length: 4 }, () => queries.items.countAroundLock(3));
  await until(
    "all are open",
    async () => (await countBackends(server, url, "wait_event = 'advisory'")) === 4,
  );
  await lock.release();
  await Promise.all(calls);
  await kill(url, "true");
  await until("all are gone", async () => (await countBackends(server, url, "true")) === 0);
  // The pool hears of it when this process comes to read their sockets.
  await until("all are heard of", async () => {
    await turn();
    return stats().reads.workersReplaced === 4;
  });
  assert.equal(await queries.items.quick(7), 7);
});

test("while no connection can be made calls fail and ping does; then both work by themselves", {
  skip,
}, async (t) => {
  const told: string[] = [];
  const log = {
    info: (_fields: object, message: string) => void told.push(message),
    warn: (_fields: object, message: string) => void told.push(message),
    error: (_fields: object, message: string) => void told.push(message),
  };
  const store = await openTestStore(t, server, { log });
  await store.ping();
  const name = new URL(store.url).pathname.slice(1);
  await server.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
  await kill(store.url, "true");
  await until("all are gone", async () => (await countBackends(server, store.url, "true")) === 0);
  assert.equal(await codeOf(store.queries.items.insertName("lost")), "unavailable");
  assert.equal(await codeOf(store.ping()), "unavailable");
  await server.query(`ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`);
  await store.ping();
  await store.queries.items.insertName("kept");
  assert.deepEqual(await store.queries.items.listNames(), ["kept"]);
  assert.deepEqual(
    told,
    ["the database cannot be written", "the database is written again"].slice(0, told.length),
  );
  assert.notEqual(told.length, 0);
});

/** Ends the backends of a store as an administrator does. */
async function kill(url: string, condition: string): Promise<void> {
  await server.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name = 'runrpc' and ${condition}`,
    [new URL(url).pathname.slice(1)],
  );
}
