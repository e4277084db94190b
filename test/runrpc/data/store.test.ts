import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openStore } from "../../../src/runrpc/data/open-store.ts";
import { DataError } from "../../../src/runrpc/data/store.ts";
import { codeOf, migrations, openTestStore, tempDirectory, worker } from "./fixture/open.ts";

test("a Date, a bigint, JSON and bytes come back unchanged through the worker", async (t) => {
  const { queries } = await openTestStore(t);
  const given = {
    name: "all kinds",
    at: new Date("2026-11-22T18:00:00.123Z"),
    big: 123456789012345678901234567890n,
    meta: { tags: ["a", "ü"], deep: { list: [1, null, true] } },
    raw: Buffer.from([0, 1, 255]),
  };
  const inserted = await queries.items.insertItem(given);
  const read = await queries.items.getItem({ id: inserted.id });
  const expected = { ...given, raw: new Uint8Array(given.raw), id: inserted.id, amount: 0 };
  assert.deepStrictEqual(inserted, expected);
  assert.deepStrictEqual(read, expected);
});

test("errors keep their code across the thread", async (t) => {
  const { queries } = await openTestStore(t);
  await queries.items.insertName("taken");
  const codes = {
    unique: await codeOf(queries.items.insertName("taken")),
    foreignKey: await codeOf(queries.items.insertPart({ itemId: 99, label: "x" })),
    check: await codeOf(queries.items.insertItem({ name: "negative", amount: -1 })),
    thrown: await codeOf(queries.items.insertThenThrow("thrown")),
    bug: await codeOf(queries.items.insertThenFault("bug")),
    writeInRead: await codeOf(queries.items.writeInRead()),
    uncloneableResult: await codeOf(queries.items.returnFunction()),
  };
  assert.deepStrictEqual(codes, {
    unique: "already_exists",
    foreignKey: "failed_precondition",
    check: "failed_precondition",
    thrown: "not_found",
    bug: "internal",
    writeInRead: "internal",
    uncloneableResult: "internal",
  });
  assert.deepStrictEqual(await queries.items.listNames(), ["taken"]);
});

test("an error names its query and SQLite's own code", async (t) => {
  const { queries } = await openTestStore(t);
  await queries.items.insertName("taken");
  await assert.rejects(queries.items.insertName("taken"), (error) => {
    assert.ok(error instanceof DataError);
    assert.deepStrictEqual(
      { query: error.query, databaseCode: error.databaseCode },
      { query: "items.insertName", databaseCode: "SQLITE_CONSTRAINT_UNIQUE" },
    );
    return true;
  });
});

test("an input that cannot be cloned fails alone among the calls of its message", async (t) => {
  const { queries } = await openTestStore(t);
  const bad = () => 1;
  const codes = await Promise.all([
    codeOf(queries.items.insertName("one")),
    codeOf(queries.items.insertName(bad as unknown as string)), // What the types forbid.
    codeOf(queries.items.insertName("two")),
  ]);
  assert.deepStrictEqual(codes, ["ok", "invalid_argument", "ok"]);
  assert.deepStrictEqual(await queries.items.listNames(), ["one", "two"]);
});

test("the name of a query that is not served throws with the names that are", async (t) => {
  const { queries } = await openTestStore(t);
  assert.throws(() => Reflect.get(queries.items, "getItme"), /items has no query getItme; .*getItem/);
  assert.throws(() => Reflect.get(queries, "itmes"), /no query itmes; .*items/);
  assert.equal(await Promise.resolve(queries), queries);
});

test("ping is answered, and rejects with the reason of an aborted signal", async (t) => {
  const store = await openTestStore(t);
  await store.ping();
  const reason = new Error("enough");
  await assert.rejects(store.ping({ signal: AbortSignal.abort(reason) }), reason);
});

test("created is true for the open that makes the database alone", async (t) => {
  const file = join(await tempDirectory(t), "missing", "directories", "db.sqlite");
  const first = await openTestStore(t, { file });
  await first.close();
  const second = await openTestStore(t, { file });
  assert.deepStrictEqual([first.created, second.created, first.database], [true, false, file]);
});

test("close finishes what is queued, refuses what comes after it, and leaves one file", async (t) => {
  const store = await openTestStore(t, { maxBatchWrites: 8 });
  const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
  const writes = Promise.all(names.map((name) => store.queries.items.insertName(name)));
  const closed = store.close();
  assert.equal(await codeOf(store.queries.items.insertName("late")), "unavailable");
  assert.equal((await writes).length, 100);
  await closed;
  assert.equal(store.close(), closed);
  assert.equal(existsSync(`${store.database}-wal`), false);
  const again = await openTestStore(t, { file: store.database });
  assert.deepStrictEqual(await again.queries.items.listNames(), names);
});

test("options are checked before a thread is started", async () => {
  const required = { file: "x.sqlite", worker, migrations };
  const wrong: [object, RegExp][] = [
    [{ readers: 0 }, /readers 0 is below the minimum of 1/],
    [{ maxQueuedReads: 1e9 }, /maxQueuedReads 1000000000 is above the maximum of 10000000/],
    [{ reader: 1 }, /unknown store option reader/],
    [{ file: ":memory:" }, /:memory: is not a path/],
  ];
  for (const [options, message] of wrong) {
    await assert.rejects(openStore({ ...required, ...options }), (error) => {
      assert.ok(error instanceof DataError);
      assert.equal(error.code, "invalid_argument");
      assert.match(error.message, message);
      return true;
    });
  }
});

test("a file that cannot be opened is refused with its path", async (t) => {
  const directory = await tempDirectory(t);
  const text = new URL(import.meta.url).pathname;
  const files = { [directory]: "unavailable", "/proc/none/db.sqlite": "unavailable", [text]: "data_loss" };
  for (const [file, code] of Object.entries(files)) {
    await assert.rejects(openStore({ file, worker, migrations }), (error) => {
      assert.ok(error instanceof DataError);
      assert.equal(error.code, code);
      assert.ok(error.message.includes(file), error.message);
      return true;
    });
  }
});
