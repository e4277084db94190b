import assert from "node:assert/strict";
import { test } from "node:test";
import Client from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import type { Db } from "../../../src/runrpc/data/query.ts";
import { removeOwnedRows } from "../../../src/runrpc/data/remove-owned.ts";
import { items, parts } from "./fixture/table.ts";

function open(partsOf: Readonly<Record<number, number>>) {
  const client = new Client(":memory:");
  client.exec(`
    CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE parts (id INTEGER PRIMARY KEY, item_id INTEGER REFERENCES items(id) ON DELETE CASCADE, label TEXT)`);
  for (const [item, count] of Object.entries(partsOf)) {
    client.prepare("INSERT INTO items (id) VALUES (?)").run(item);
    for (let part = 0; part < count; part++) {
      client.prepare("INSERT INTO parts (item_id, label) VALUES (?, '')").run(item);
    }
  }
  const left = (item: number) =>
    client.prepare("SELECT count(*) FROM parts WHERE item_id = ?").pluck().get(item);
  return { db: drizzle({ client }) as unknown as Db, left };
}

const remove = removeOwnedRows(items.id, [items, parts, "what is no table"]);

for (const [count, isLeft, left] of [
  [0, false, 0],
  [49, false, 0],
  [50, true, 0],
  [51, true, 1],
] as const) {
  test(`of ${count} rows one step leaves ${left}, and says ${isLeft ? "that there may be more" : "that these were all"}`, async () => {
    const opened = open({ 1: count, 2: 3 });
    assert.equal(await remove(opened.db, 1, 0), isLeft);
    assert.deepEqual([opened.left(1), opened.left(2)], [left, 3]);
  });
}

test("with time, steps follow each other until nothing is left", async () => {
  const opened = open({ 1: 1_000, 2: 3 });
  assert.equal(await remove(opened.db, 1, 60_000), false);
  assert.deepEqual([opened.left(1), opened.left(2)], [0, 3]);
});
