import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallOptions } from "../../../../src/runrpc/data/query-proxy.ts";
import { codeOf, openTestStore } from "../fixture/open.ts";

test("a write that fails undoes itself alone among those that share its commit", async (t) => {
  const store = await openTestStore(t);
  const { items } = store.queries;
  const codes = await Promise.all([
    codeOf(items.insertName("a")),
    codeOf(items.insertName("a")),
    codeOf(items.insertThenThrow("b")),
    codeOf(items.insertName("c")),
    codeOf(items.insertThenFault("d")),
    codeOf(items.insertNames(["e", "f", "c"])),
    codeOf(items.insertName("g")),
  ]);
  assert.deepStrictEqual(codes, [
    "ok",
    "already_exists",
    "not_found",
    "ok",
    "internal",
    "already_exists",
    "ok",
  ]);
  assert.deepStrictEqual(await items.listNames(), ["a", "c", "g"]);
  assert.equal(store.stats().writes.batches, 1);
});

test("concurrent writes share commits", async (t) => {
  const store = await openTestStore(t);
  const inserts = Array.from({ length: 500 }, (_, index) => store.queries.items.insertName(`n${index}`));
  await Promise.all(inserts);
  const { calls, batches } = store.stats().writes;
  assert.equal(calls, 500);
  assert.ok(batches < 20, `${batches} transactions`);
});

test("each write is told what it took itself, with the commit that it shared", async (t) => {
  const { queries } = await openTestStore(t);
  const ranMs = { slow: -1, quick: -1 };
  const note = (name: keyof typeof ranMs): CallOptions => ({
    onRan: (ms) => {
      ranMs[name] = ms;
    },
  });
  await Promise.all([
    queries.items.insertSlowly({ name: "slow", rows: 1_000_000 }, note("slow")),
    queries.items.insertName("quick", note("quick")),
  ]);
  assert.ok(ranMs.quick > 0 && ranMs.slow > ranMs.quick, JSON.stringify(ranMs));
});

test("a background write waits for every foreground write", async (t) => {
  const { queries } = await openTestStore(t, { maxBatchWrites: 2 });
  const done: string[] = [];
  const insert = (name: string, background: boolean) =>
    queries.items.insertName(name, { background }).then(() => done.push(name));
  await Promise.all([
    insert("background", true),
    ...Array.from({ length: 20 }, (_, index) => insert(`n${index}`, false)),
  ]);
  assert.equal(done.at(-1), "background");
});

test("a query that awaits something else than its database fails by name, and cannot write afterwards", async (t) => {
  const { queries } = await openTestStore(t);
  const results = await Promise.allSettled([
    queries.items.insertName("first"),
    queries.items.insertAroundTimer("stray"),
    queries.items.insertName("second"),
  ]);
  assert.deepStrictEqual(
    results.map((result) => (result.status === "fulfilled" ? "ok" : result.reason.code)),
    ["ok", "internal", "ok"],
  );
  assert.match(String(results[1]?.status === "rejected" && results[1].reason), /items\.insertAroundTimer/);
  // A write that keeps the writer for longer than the stray's timer, so that it wakes within a batch.
  await queries.items.insertSlowly({ name: "third", rows: 1_000_000 });
  await queries.items.insertName("fourth");
  assert.deepStrictEqual(await queries.items.listNames(), ["first", "second", "third", "fourth"]);
});

test("a statement that a query did not await is kept out of the next write, with a warning", async (t) => {
  const { queries } = await openTestStore(t);
  const warned = Promise.withResolvers<Error>();
  const onWarning = (warning: Error) => {
    if (warning.name === "DataWarning") warned.resolve(warning);
  };
  process.on("warning", onWarning);
  t.after(() => process.off("warning", onWarning));
  await Promise.all([
    queries.items.insertUnawaited("stray"),
    queries.items.insertName("one"),
    queries.items.insertName("two"),
  ]);
  assert.match((await warned.promise).message, /items\.insertUnawaited/);
  assert.deepStrictEqual(await queries.items.listNames(), ["one", "two"]);
});

test("200 writes that read first give what they would one after the other, and 200 that throw leave nothing", async (t) => {
  const { queries } = await openTestStore(t);
  const { id } = await queries.items.insertItem({ name: "counter" });
  const codes = await Promise.all(
    Array.from({ length: 400 }, (_, index) =>
      codeOf(queries.items.increment({ id, fails: index % 2 === 1 })),
    ),
  );
  const count = (code: string) => codes.filter((each) => each === code).length;
  assert.deepEqual([count("ok"), count("aborted")], [200, 200]);
  assert.equal((await queries.items.getItem({ id }))?.amount, 200);
});
