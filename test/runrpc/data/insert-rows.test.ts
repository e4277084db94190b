import assert from "node:assert/strict";
import { test } from "node:test";
import Client from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { blob, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { insertRows } from "../../../src/runrpc/data/insert-rows.ts";
import type { Db } from "../../../src/runrpc/data/query.ts";

const things = sqliteTable("things", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  name: text("name").notNull(),
  at: integer("at", { mode: "timestamp_ms" }),
  isGood: integer("is_good", { mode: "boolean" }),
  tags: text("tags", { mode: "json" }),
  bytes: blob("bytes", { mode: "buffer" }),
});

function open() {
  const client = new Client(":memory:");
  client.exec(
    "CREATE TABLE things (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, at INTEGER, is_good INTEGER, tags TEXT, bytes BLOB)",
  );
  const db = drizzle({ client });
  return { db: db as unknown as Db, all: () => db.select().from(things).all() };
}

function thing(index: number) {
  if (index % 3 === 2) return { name: `n${index}`, at: null, isGood: null, tags: null, bytes: null };
  return {
    name: `ä"${index}`,
    at: new Date(1_700_000_000_000 + index),
    isGood: index % 2 === 0,
    tags: { list: [index] },
    bytes: Buffer.from([index % 256]),
  };
}

for (const count of [0, 1, 5, 63, 64, 65, 85, 300]) {
  test(`${count} rows with nothing in common arrive in their order, with every kind of value`, async () => {
    const { db, all } = open();
    const insert = insertRows(things, { shared: [], own: ["name", "at", "isGood", "tags", "bytes"] });
    const rows = Array.from({ length: count }, (_, index) => thing(index));
    const own = rows.flatMap(({ name, at, isGood, tags, bytes }) => [name, at, isGood, tags, bytes]);
    await insert(db, [{ shared: [], own }]);
    assert.deepEqual(
      all(),
      rows.map((row, index) => ({ id: index + 1, ...row })),
    );
  });

  test(`${count} rows each of three groups share every kind of value`, async () => {
    const { db, all } = open();
    // Not in the order of the table.
    const insert = insertRows(things, { shared: ["bytes", "tags", "isGood", "at"], own: ["name"] });
    const groups = [0, 1, 2].map((index) => {
      const { at, isGood, tags, bytes } = thing(index);
      const own = Array.from({ length: count }, (_, row) => `${index}-${row}`);
      return { shared: [bytes, tags, isGood, at], own };
    });
    await insert(db, groups);
    assert.deepEqual(
      all().map(({ id: _, ...row }) => row),
      groups.flatMap(({ own }, index) => own.map((name) => ({ ...thing(index), name }))),
    );
  });
}

test("values that do not fit their columns are refused before anything is inserted", async () => {
  const { db, all } = open();
  const insert = insertRows(things, { shared: ["name"], own: ["at", "tags"] });
  const good = { shared: ["a"], own: [null, null] };
  await assert.rejects(
    insert(db, [good, { shared: ["a"], own: [null] }]),
    /^Error: 1 values are no whole number of rows of 2 columns$/,
  );
  await assert.rejects(
    insert(db, [good, { shared: [], own: [] }]),
    /^Error: 0 shared values are given for 1 columns$/,
  );
  assert.deepEqual(all(), []);
});
