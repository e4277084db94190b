import assert from "node:assert/strict";
import { closeSync, openSync, readFileSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import Client from "better-sqlite3";
import { openStore } from "../../../../src/runrpc/data/open-store.ts";
import { DataError, type Store } from "../../../../src/runrpc/data/store.ts";
import { codeOf, migrations, openTestStore, tempDirectory, worker } from "../fixture/open.ts";
import type { Modules } from "../fixture/worker.ts";

const pageBytes = 4_096;

/** A closed database with some hundred items, in one file. */
async function filledFile(t: TestContext): Promise<string> {
  const file = join(await tempDirectory(t), "db.sqlite");
  const store = await openTestStore(t, { file });
  await Promise.all(
    Array.from({ length: 2_000 }, (_, index) =>
      store.queries.items.insertName(`name-${index}-${"x".repeat(60)}`),
    ),
  );
  await store.close();
  return file;
}

/** The pages of a table or an index, by SQLite's own count. */
function pagesOf(file: string, name: string): number[] {
  const client = new Client(file, { readonly: true });
  try {
    return client.prepare<[string], number>("SELECT pageno FROM dbstat WHERE name = ?").pluck().all(name);
  } finally {
    client.close();
  }
}

function damage(file: string, pages: readonly number[]): void {
  const handle = openSync(file, "r+");
  for (const page of pages)
    writeSync(handle, Buffer.alloc(pageBytes, 0xa5), 0, pageBytes, (page - 1) * pageBytes);
  closeSync(handle);
}

/** How the store fares over a damaged file: what each call ends with, and how many workers it cost. */
async function outcomes({ queries: { items }, stats }: Store<Modules>) {
  const codes = {
    scan: await codeOf(items.listNames()),
    index: await codeOf(items.findByName(`name-1000-${"x".repeat(60)}`)),
    write: await codeOf(items.insertName("another")),
    again: await codeOf(items.listNames()),
  };
  return { ...codes, lost: stats().reads.workersReplaced + stats().writes.workersReplaced };
}

test("a read of a damaged table is data_loss, other calls are answered, and no worker is lost", async (t) => {
  const file = await filledFile(t);
  damage(file, pagesOf(file, "items").slice(2, 6));
  const store = await openTestStore(t, { file });
  assert.deepEqual(await outcomes(store), {
    scan: "data_loss",
    index: "ok",
    write: "ok",
    again: "data_loss",
    lost: 0,
  });
});

test("many reads of a damaged page beside good ones are each answered", async (t) => {
  const file = await filledFile(t);
  damage(file, pagesOf(file, "items").slice(2, 6));
  const { queries, stats } = await openTestStore(t, { file, readers: 2 });
  const codes = await Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      codeOf(index % 2 === 0 ? queries.items.listNames() : queries.items.countParts()),
    ),
  );
  assert.deepEqual(new Set(codes.filter((_, index) => index % 2 === 0)), new Set(["data_loss"]));
  assert.deepEqual(new Set(codes.filter((_, index) => index % 2 === 1)), new Set(["ok"]));
  assert.equal(stats().reads.workersReplaced, 0);
});

test("a damaged index is data_loss for what needs it, to read and to write, and no worker is lost", async (t) => {
  const file = await filledFile(t);
  damage(file, pagesOf(file, "sqlite_autoindex_items_1"));
  const store = await openTestStore(t, { file });
  assert.deepEqual(await outcomes(store), {
    scan: "ok",
    index: "data_loss",
    write: "data_loss",
    again: "ok",
    lost: 0,
  });
});

test("a file that is cut short while it is open is data_loss to read, and no worker is lost", async (t) => {
  const store = await openTestStore(t, { file: await filledFile(t) });
  truncateSync(store.database, 3 * pageBytes);
  const { scan, again, lost } = await outcomes(store);
  assert.deepEqual({ scan, again, lost }, { scan: "data_loss", again: "data_loss", lost: 0 });
});

for (const [what, spoil, code] of [
  ["a text", (file: string) => writeFileSync(file, "hello ".repeat(5_000)), "data_loss"],
  ["a damaged first page", (file: string) => damage(file, [1]), "data_loss"],
  [
    "a damaged schema behind a good header",
    (file: string) => {
      const bytes = readFileSync(file);
      bytes.fill(0xa5, 100, pageBytes);
      writeFileSync(file, bytes);
    },
    "data_loss",
  ],
  ["a file cut within its first page", (file: string) => truncateSync(file, 1_000), "data_loss"],
] as const) {
  test(`${what} is refused at the start as ${code}, with the path`, async (t) => {
    const file = await filledFile(t);
    spoil(file);
    await assert.rejects(openStore({ file, worker, migrations }), (error) => {
      assert.ok(error instanceof DataError);
      assert.equal(error.code, code);
      assert.ok(error.message.includes(file), error.message);
      return true;
    });
  });
}

test("an empty file becomes a database", async (t) => {
  const file = join(await tempDirectory(t), "db.sqlite");
  writeFileSync(file, "");
  const { created, queries } = await openTestStore(t, { file });
  assert.deepEqual([created, await queries.items.insertName("a")], [true, 1]);
});

test("a log (WAL) with damage in it gives what was committed before the damage", async (t) => {
  const file = await filledFile(t);
  const client = new Client(file);
  client.pragma("wal_autocheckpoint = 0");
  client.prepare("INSERT INTO items (name) VALUES ('in the log')").run();
  client.prepare("INSERT INTO items (name) VALUES ('behind the damage')").run();
  const copy = join(await tempDirectory(t), "db.sqlite");
  writeFileSync(copy, readFileSync(file));
  const wal = readFileSync(`${file}-wal`);
  client.close();
  wal.fill(0xa5, wal.length - 2_000);
  writeFileSync(`${copy}-wal`, wal);
  const { queries } = await openTestStore(t, { file: copy });
  const names = await queries.items.listNames();
  assert.deepEqual([names.length, names.at(-1)], [2_001, "in the log"]);
});
