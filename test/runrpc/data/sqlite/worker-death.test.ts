import assert from "node:assert/strict";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openStore } from "../../../../src/runrpc/data/open-store.ts";
import { DataError } from "../../../../src/runrpc/data/store.ts";
import { codeOf, migrations, openTestStore, tempDirectory, turn } from "../fixture/open.ts";
import type { Modules } from "../fixture/worker.ts";

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
  await rename(store.database, `${store.database}-away`);
  await mkdir(store.database);
  const died = codeOf(items.exitInWrite("dead"));
  await turn();
  assert.deepStrictEqual([await died, await codeOf(items.insertName("a"))], ["unavailable", "unavailable"]);
  await rm(store.database, { recursive: true });
  await rename(`${store.database}-away`, store.database);
  assert.equal(await codeOf(items.insertName("b")), "ok");
});

test("a read that was done and not answered when its reader died is answered by the next one", async (t) => {
  const store = await openTestStore(t, { readers: 1 });
  const { items } = store.queries;
  await items.insertName("a");
  // What takes two milliseconds is answered at once; a query that has run does not.
  for (let run = 0; run < 20; run++) await items.listNames();
  const done = items.listNames();
  const died = codeOf(items.exitInRead());
  assert.deepStrictEqual([await done, await died], [["a"], "unavailable"]);
  assert.deepStrictEqual(store.stats().reads.workersReplaced, 1);
});

test("a query that exhausts the heap fails as resource_exhausted, alone, and the process goes on", async (t) => {
  const store = await openTestStore(t, { heapMb: 32 });
  const { items } = store.queries;
  await items.insertName("a");
  const codes = await Promise.all([
    codeOf(items.exhaustHeap()),
    codeOf(items.listNames()),
    codeOf(items.exhaustHeapInWrite("dead")),
  ]);
  assert.deepStrictEqual(codes, ["resource_exhausted", "ok", "resource_exhausted"]);
  assert.equal(await codeOf(items.insertName("b")), "ok");
  assert.deepStrictEqual(await items.listNames(), ["a", "b"]);
});

test("a result or an input that is larger than a quarter of the heap is refused, and costs no worker", async (t) => {
  const store = await openTestStore(t, { heapMb: 64 });
  const { items } = store.queries;
  const codes = {
    rows: await codeOf(items.listRows({ rows: 3_000_000 })),
    text: await codeOf(items.giveText(9_000_000)),
    largeInput: await codeOf(items.textLength("x".repeat(9_000_000))),
    nestedInput: await codeOf(items.textLength({ list: Array.from({ length: 600_000 }, () => ({})) })),
    someRows: await codeOf(items.listRows({ rows: 20_000 })),
    someText: await codeOf(items.giveText(1_000_000)),
  };
  assert.deepStrictEqual(codes, {
    rows: "resource_exhausted",
    text: "resource_exhausted",
    largeInput: "resource_exhausted",
    nestedInput: "resource_exhausted",
    someRows: "ok",
    someText: "ok",
  });
  const { reads, writes } = store.stats();
  assert.deepStrictEqual([reads.workersReplaced, writes.workersReplaced], [0, 0]);
});

test("a write that was being committed when its worker died is unknown, one that had only begun is not stored", async (t) => {
  const store = await openTestStore(t);
  const { items } = store.queries;
  const committing = await items.exitWhileCommitting("a").catch((error: unknown) => error);
  assert.ok(committing instanceof DataError);
  assert.equal(committing.code, "unknown");
  assert.match(committing.message, /look whether it is stored/);
  assert.equal(await codeOf(items.exitInWrite("b")), "unavailable");
  assert.equal(await codeOf(items.insertName("c")), "ok");
});

test("a call over which two workers die fails, and those that came with it are done", async (t) => {
  const file = join(await tempDirectory(t), "db.sqlite");
  const worker = new URL("../fixture/poison-worker.ts", import.meta.url);
  const store = await openStore<Modules>({ file, worker, migrations, readers: 1 });
  t.after(() => store.close());
  const { items } = store.queries;
  const writes = ["before", "poison", "behind"].map((name) => items.insertName(name));
  const background = items.insertName("background", { background: true });
  const [before, poison, behind] = await Promise.allSettled(writes);
  assert.deepStrictEqual([before?.status, behind?.status], ["fulfilled", "fulfilled"]);
  assert.ok(poison?.status === "rejected" && poison.reason instanceof DataError);
  assert.equal(poison.reason.code, "unavailable");
  assert.match(poison.reason.message, /^2 database workers ended over this query/);
  await background;
  assert.equal(store.stats().writes.workersReplaced, 2);
  const read = items.findByName("poison");
  assert.equal(await codeOf(read), "unavailable");
  assert.equal(store.stats().reads.workersReplaced, 2);
  assert.deepStrictEqual(new Set(await items.listNames()), new Set(["before", "behind", "background"]));
});
