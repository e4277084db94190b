import assert from "node:assert/strict";
import { test } from "node:test";
import { codeOf } from "../../fixture/open.ts";
import { hear, openShared, startProxy, until } from "./fixture.ts";

const slow = { rows: 4_000_000 };

test("a connection that breaks fails what was sent, loses nothing that waits, and is made again", async (t) => {
  const { writer, open } = await openShared(t, { maxQueuedWrites: 64 });
  const proxy = await startProxy(t, writer.socket);
  // A window of one call: the next one waits in the store.
  const store = await open({ maxQueuedWrites: 100, writer: proxy.path });
  const other = await open();
  const heard = [hear(store.notices), hear(other.notices)];
  const sent = codeOf(store.queries.items.insertSlowly({ name: "slow", ...slow }));
  const waits = store.queries.items.insertName("waits");
  await until("the slow write is sent", () => writer.stats().inFlight === 1);
  proxy.breakAll();
  assert.equal(await sent, "unknown");
  await waits;
  await until("both know that something may be missing", () => heard.every(({ length }) => length > 0));
  assert.deepEqual(heard, [["gap"], ["gap"]]);
  // Whether the slow one had begun when it was lost, nobody knows.
  const names = await store.queries.items.listNames();
  assert.deepEqual([names.at(-1), names.filter((name) => name !== "slow")], ["waits", ["waits"]]);
  assert.equal(store.stats().writes.workersReplaced, 1);
  await store.ping();
});

test("what waits fails when there is nobody to connect to, and so does a ping", async (t) => {
  const { writer, open } = await openShared(t, { maxQueuedWrites: 64 });
  const told: string[] = [];
  const log = { info() {}, warn() {}, error: (_fields: object, message: string) => told.push(message) };
  const proxy = await startProxy(t, writer.socket);
  const store = await open({ maxQueuedWrites: 100, writer: proxy.path, log });
  const sent = codeOf(store.queries.items.insertSlowly({ name: "slow", ...slow }));
  const waits = codeOf(store.queries.items.insertName("waits"));
  await until("the slow write is sent", () => writer.stats().inFlight === 1);
  proxy.close();
  proxy.breakAll();
  assert.deepEqual(
    [await sent, await waits, await codeOf(store.ping())],
    ["unknown", "unavailable", "unavailable"],
  );
  assert.deepEqual(told, ["the database cannot be written"]);
  // Reads go on.
  assert.equal((await store.queries.items.listNames()).includes("waits"), false);
  await store.close();
});
