import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import Client from "better-sqlite3";
import type { Db } from "../../../../src/runrpc/data/query.ts";
import type { Batch } from "../../../../src/runrpc/data/sqlite/batch.ts";
import { openDatabase } from "../../../../src/runrpc/data/sqlite/open-database.ts";
import { createQueryRunner } from "../../../../src/runrpc/data/sqlite/query-runner.ts";
import { createReads } from "../../../../src/runrpc/data/sqlite/run-reads.ts";
import { createWrites } from "../../../../src/runrpc/data/sqlite/run-writes.ts";
import { batchesInFlight, type WorkerRole } from "../../../../src/runrpc/data/sqlite/thread-protocol.ts";
import { codeOf, migrations, openTestStore, tempDirectory } from "../fixture/open.ts";
import { read, write } from "../fixture/queries.ts";

function open(t: TestContext, role: WorkerRole, file: string) {
  const runner = createQueryRunner();
  const setup = {
    role,
    file,
    migrations: [{ journal: "migrations", folder: fileURLToPath(migrations) }],
    busyTimeoutMs: 50,
    maxBatchCalls: 8,
    tickets: new SharedArrayBuffer(4 * batchesInFlight * 8),
  };
  const database = openDatabase(setup, role === "reader" ? () => {} : runner.guardStatement);
  t.after(() => database.client.close());
  return { database, runner };
}

/** A batch that is seen from inside: `onCommitting` and `onAnswer` are called where its worker would tell of it. */
function batchOf(inputs: readonly unknown[], on: { committing?(): void; answer?(): void } = {}) {
  const codes: string[] = [];
  const batch: Batch = {
    slot: 0,
    size: inputs.length,
    query: () => 0,
    input: (index) => inputs[index],
    claim: () => true,
    committing: () => on.committing?.(),
    answer(index, outcome) {
      on.answer?.();
      codes[index] = "error" in outcome ? outcome.error.code : "ok";
    },
    send() {},
  };
  return { batch, codes };
}

const named = (run: (db: Db, input: never) => Promise<unknown>) => () => ({ name: "items.test", run });

test("a writer's connection syncs each commit, holds foreign keys and cuts its log; a reader's cannot write", async (t) => {
  const file = join(await tempDirectory(t), "db.sqlite");
  const writer = open(t, "writer", file).database.client;
  const pragmas = (client: Client.Database) =>
    ["journal_mode", "synchronous", "foreign_keys", "journal_size_limit", "temp_store", "busy_timeout"].map(
      (name) => client.pragma(name, { simple: true }),
    );
  const full = 2;
  assert.deepEqual(pragmas(writer), ["wal", full, 1, 16_777_216, 2, 50]);
  const reader = open(t, "reader", file).database.client;
  assert.equal(reader.readonly, true);
});

test("a write holds the database from its beginning: nobody writes between its read and its write", async (t) => {
  const file = join(await tempDirectory(t), "db.sqlite");
  const { database, runner } = open(t, "writer", file);
  const other = new Client(file, { timeout: 0 });
  t.after(() => other.close());
  let otherFailed = "";
  const readThenWrite = async (db: Db, name: string) => {
    await read.listNames(db);
    try {
      other.prepare("INSERT INTO items (name) VALUES ('other')").run();
    } catch (error) {
      otherFailed = String(error);
    }
    return write.insertName(db, name);
  };
  const { batch, codes } = batchOf(["mine"]);
  await createWrites(database, runner, named(readThenWrite))(batch);
  assert.deepEqual(codes, ["ok"]);
  assert.match(otherFailed, /database is locked/);
});

test("a write is called committing before it is stored, and answered after", async (t) => {
  const file = join(await tempDirectory(t), "db.sqlite");
  const { database, runner } = open(t, "writer", file);
  const other = new Client(file, { readonly: true });
  t.after(() => other.close());
  const stored = () => other.prepare("SELECT count(*) FROM items").pluck().get();
  const seen: unknown[] = [];
  const { batch } = batchOf(["a", "b"], {
    committing: () => seen.push("committing", stored()),
    answer: () => seen.push("answer", stored()),
  });
  await createWrites(database, runner, named(write.insertName))(batch);
  assert.deepEqual(seen, ["committing", 0, "answer", 2, "answer", 2]);
});

for (const kind of ["reads", "writes"] as const) {
  test(`${kind} whose query does not exist are answered, and so is the next batch`, async (t) => {
    const { database, runner } = open(t, "writer", join(await tempDirectory(t), "db.sqlite"));
    let isThere = false;
    const find = () => {
      if (!isThere) throw new Error("no such query");
      return { name: "items.countParts", run: read.countParts };
    };
    const run = (kind === "reads" ? createReads : createWrites)(database, runner, find);
    const first = batchOf([undefined, undefined]);
    await run(first.batch);
    assert.deepEqual(first.codes, ["internal", "internal"]);
    isThere = true;
    const second = batchOf([undefined]);
    await run(second.batch);
    assert.deepEqual(second.codes, ["ok"]);
  });
}

test("a write that another process keeps out is aborted after the time for it, is told of, and the next one succeeds", async (t) => {
  const lines: string[] = [];
  const log = {
    info: (_: object, message: string) => lines.push(message),
    warn: (_: object, message: string) => lines.push(message),
    error: (fields: object, message: string) => lines.push(`${message}: ${Reflect.get(fields, "code")}`),
  };
  const store = await openTestStore(t, { busyTimeoutMs: 20, log });
  const other = new Client(store.database);
  t.after(() => other.close());
  other.exec("BEGIN IMMEDIATE");
  const { items } = store.queries;
  assert.deepEqual(
    [
      await codeOf(items.insertName("a")),
      await codeOf(items.insertName("b")),
      await codeOf(items.listNames()),
    ],
    ["aborted", "aborted", "ok"],
  );
  other.exec("ROLLBACK");
  assert.equal(await codeOf(items.insertName("c")), "ok");
  assert.deepEqual(lines, ["the database cannot be written: aborted", "the database is written again"]);
});

test("a log (WAL) that grew behind a held reader is cut once the reader has ended", async (t) => {
  const store = await openTestStore(t);
  const { items } = store.queries;
  await items.insertName("first");
  const reader = new Client(store.database, { readonly: true });
  t.after(() => reader.close());
  reader.exec("BEGIN");
  reader.prepare("SELECT * FROM items").all();
  const text = "x".repeat(1_000_000);
  for (let row = 0; row < 24; row++) await items.insertName(`${row} ${text}`);
  const walBytes = () => statSync(`${store.database}-wal`).size;
  assert.ok(walBytes() > 16_777_216, `${walBytes()}`);
  reader.exec("COMMIT");
  const since = performance.now();
  while (walBytes() > 16_777_216) {
    await store.ping();
    assert.ok(performance.now() - since < 20_000, `${walBytes()} bytes`);
  }
});

test("a reader that turned up between does not keep a large log from being cut at last", async (t) => {
  const store = await openTestStore(t);
  const reader = new Client(store.database, { readonly: true });
  t.after(() => reader.close());
  const { items } = store.queries;
  await items.insertName("first");
  reader.exec("BEGIN");
  reader.prepare("SELECT * FROM items").all();
  const text = "x".repeat(1_000_000);
  for (let row = 0; row < 24; row++) await items.insertName(`${row} ${text}`);
  // The reader ends after the last write: nothing but the keeper's own timer comes back to the log.
  const looked = performance.now();
  while (performance.now() - looked < 1_100) await store.ping();
  reader.exec("COMMIT");
  const cut = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    if (statSync(`${store.database}-wal`).size === 0) cut.resolve();
  }, 20);
  const late = setTimeout(() => cut.reject(new Error("the log was not cut")), 20_000);
  try {
    await cut.promise;
  } finally {
    clearInterval(timer);
    clearTimeout(late);
  }
});
