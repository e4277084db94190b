import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type PostgresServer, startPostgres } from "../../../postgres.ts";
import { countBackends, holdLock, openTestStore, skip, until } from "./fixture.ts";

const waits = "wait_event = 'advisory'";

let server: PostgresServer;

before(async () => {
  if (skip === false) server = await startPostgres();
});

after(() => server?.stop());

test("who follows ids waits for a write that has its id and is not committed", { skip }, async (t) => {
  const { queries, url } = await openTestStore(t, server);
  assert.deepEqual(await queries.items.idsAfter(0), []);
  const lock = await holdLock(server, url, 1);
  const slow = queries.items.insertInOrder({ name: "slow", key: 1 });
  await until("the write waits", async () => (await countBackends(server, url, waits)) === 1);
  const quick = (await queries.items.insertInOrder({ name: "quick" })) ?? 0;
  const seen = queries.items.idsAfter(0);
  await until("the read waits too", async () => (await countBackends(server, url, waits)) === 2);
  await lock.release();
  const late = (await slow) ?? 0;
  assert.ok(late < quick);
  assert.deepEqual(await seen, [late, quick]);
});

test("a cursor by id passes none over, whoever writes meanwhile", { skip }, async (t) => {
  const { queries, url } = await openTestStore(t, server, { connections: 12 });
  const follower = await openTestStore(t, server, { url, connections: 1 });
  const seen: number[] = [];
  let isOver = false;
  const follow = (async () => {
    for (let last = false; ; ) {
      const ids = await follower.queries.items.idsAfter(seen.at(-1) ?? 0);
      seen.push(...ids);
      if (last && ids.length === 0) return;
      last = isOver;
    }
  })();
  const written = await Promise.all(
    Array.from({ length: 12 }, async (_, writer) => {
      const ids: (number | undefined)[] = [];
      for (let round = 0; round < 25; round++)
        ids.push(await queries.items.insertInOrder({ name: `${writer} ${round}` }));
      return ids;
    }),
  );
  isOver = true;
  await follow;
  assert.deepEqual(
    seen,
    written.flat().sort((one = 0, other = 0) => one - other),
  );
});

test("writes of one order go one after the other, also when one of them fails or leaves", {
  skip,
}, async (t) => {
  const { queries, url } = await openTestStore(t, server, { connections: 4 });
  const lock = await holdLock(server, url, 2);
  const order = { order: "caller" };
  const first = queries.items.insertAtLock({ name: "0", key: 2 }, order);
  await until("the first waits", async () => (await countBackends(server, url, waits)) === 1);
  const left = new AbortController();
  const others = [
    queries.items.insertName("1", order),
    queries.items.insertThenThrow("2", order).catch(() => "thrown"),
    queries.items.insertName("3", { ...order, signal: left.signal }).catch(() => "left"),
    ...["4", "5", "6", "7"].map((name) => queries.items.insertName(name, order)),
  ];
  left.abort();
  // Those of nobody's order do not wait.
  await queries.items.insertName("apart");
  assert.deepEqual(await queries.items.listNames(), ["apart"]);
  await lock.release();
  await Promise.all([first, ...others]);
  assert.deepEqual((await queries.items.listNames()).slice(1), ["0", "1", "4", "5", "6", "7"]);
});
