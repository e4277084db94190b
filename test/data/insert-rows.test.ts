import assert from "node:assert/strict";
import { test } from "node:test";
import Client from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { blob, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { insertRows } from "../../src/data/insert-rows.ts";
import type { Db } from "../../src/data/query.ts";

const things = sqliteTable("things", {
  id: integer("id").primaryKey({ autoIncrement: true }),
  name: text("name").notNull(),
  at: integer("at", { mode: "timestamp_ms" }),
  isGood: integer("is_good", { mode: "boolean" }),
  tags: text("tags", { mode: "json" }),
  bytes: blob("bytes", { mode: "buffer" }),
});

function open(): { db: Db; all(): unknown[] } {
  const client = new Client(":memory:");
  client.exec(
    "CREATE TABLE things (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, at INTEGER, is_good INTEGER, tags TEXT, bytes BLOB)",
  );
  const db = drizzle({ client });
  return { db: db as unknown as Db, all: () => db.select().from(things).all() };
}

const insert = insertRows(things, ["name", "at", "isGood", "tags", "bytes"]);

for (const count of [0, 1, 49, 50, 51, 100, 237]) {
  test(`${count} rows arrive in their order, with every kind of value`, async () => {
    const { db, all } = open();
    const rows = Array.from({ length: count }, (_, index) =>
      index % 3 === 2
        ? { name: `n${index}`, at: null, isGood: null, tags: null, bytes: null }
        : {
            name: `ä"${index}`,
            at: new Date(1_700_000_000_000 + index),
            isGood: index % 2 === 0,
            tags: { list: [index] },
            bytes: Buffer.from([index % 256]),
          },
    );
    await insert(
      db,
      rows.flatMap(({ name, at, isGood, tags, bytes }) => [name, at, isGood, tags, bytes]),
    );
    assert.deepEqual(
      all(),
      rows.map((row, index) => ({ id: index + 1, ...row })),
    );
  });
}

test("values that are no whole number of rows are refused", async () => {
  const { db, all } = open();
  await assert.rejects(insert(db, ["a", null]), /^Error: 2 values are no whole number of rows of 5 columns$/);
  assert.deepEqual(all(), []);
});
