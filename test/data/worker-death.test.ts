import assert from "node:assert/strict";
import { mkdir, rename, rm } from "node:fs/promises";
import { test } from "node:test";
import { codeOf, openTestStore, turn } from "./fixture/open.ts";

test("the call that ends its reader fails as unavailable; others are answered by the rest and a replacement", async (t) => {
  const store = await openTestStore(t, { readers: 1 });
  const { items } = store.queries;
  await items.insertName("a");
  const died = codeOf(items.exitInRead());
  const behind = items.listNames();
  assert.equal(await died, "unavailable");
  assert.deepStrictEqual(await behind, ["a"]);
  assert.deepStrictEqual(await items.listNames(), ["a"]);
  assert.equal(store.stats().reads.workersReplaced, 1);
});

test("writes that were in the lost transaction fail as unavailable and are not there; those behind it are done", async (t) => {
  const store = await openTestStore(t);
  const { items } = store.queries;
  const codes = await Promise.all([
    codeOf(items.insertName("before")),
    codeOf(items.exitInWrite("dead")),
    codeOf(items.insertName("behind")),
  ]);
  assert.deepStrictEqual(codes, ["unavailable", "unavailable", "ok"]);
  assert.deepStrictEqual(await items.listNames(), ["behind"]);
  assert.equal(store.stats().writes.workersReplaced, 1);
});

test("close waits for calls that a dying worker left to its replacement", async (t) => {
  const store = await openTestStore(t);
  const died = codeOf(store.queries.items.exitInWrite("dead"));
  await turn();
  const queued = codeOf(store.queries.items.insertName("queued"));
  await store.close();
  assert.deepStrictEqual([await died, await queued], ["unavailable", "ok"]);
});

test("what waits fails with the reason when no replacement can open the database, and a later one takes over", async (t) => {
  const store = await openTestStore(t);
  const { items } = store.queries;
  // A directory in the file's place; the readers keep the file that they have open.
  await rename(store.file, `${store.file}-away`);
  await mkdir(store.file);
  const died = codeOf(items.exitInWrite("dead"));
  await turn();
  assert.deepStrictEqual([await died, await codeOf(items.insertName("a"))], ["unavailable", "unavailable"]);
  await rm(store.file, { recursive: true });
  await rename(`${store.file}-away`, store.file);
  assert.equal(await codeOf(items.insertName("b")), "ok");
});
