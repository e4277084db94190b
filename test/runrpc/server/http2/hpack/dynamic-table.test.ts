import assert from "node:assert/strict";
import { it } from "node:test";
import { DynamicTable } from "../../../../../src/runrpc/server/http2/hpack/dynamic-table.ts";
import { Field, kindOfName } from "../../../../../src/runrpc/server/http2/hpack/field.ts";
import { isCollected } from "../../../../collect.ts";

const FIRST = 62;
const BYTES = 4_096;

function field(name: string, value: string): Field {
  return new Field(name, kindOfName(name), value);
}

it("an entry as large as the table is its only one, and one that is a byte larger leaves none", () => {
  const table = new DynamicTable(BYTES);
  table.insert(field("a", "small"));
  const whole = field("a", "v".repeat(BYTES - 33));
  table.insert(whole);
  assert.equal(table.at(FIRST), whole);
  assert.throws(() => table.at(FIRST + 1));
  table.insert(field("a", "v".repeat(BYTES - 32)));
  assert.throws(() => table.at(FIRST));
});

it("as many entries as fit are found, the last one first", () => {
  const table = new DynamicTable(BYTES);
  const count = Math.floor(BYTES / 33);
  const all = Array.from({ length: count + 10 }, () => field("a", ""));
  for (const each of all) table.insert(each);
  for (let back = 0; back < count; back++) assert.equal(table.at(FIRST + back), all.at(-1 - back));
  assert.throws(() => table.at(FIRST + count));
});

it("an entry that was evicted is let go of", async () => {
  const table = new DynamicTable(BYTES);
  const insert = (): WeakRef<object> => {
    const made = field("a", "b");
    table.insert(made);
    return new WeakRef(made);
  };
  const evicted = insert();
  table.resize(0);
  table.resize(BYTES);
  const kept = insert();
  assert.equal(await isCollected(evicted), true);
  assert.equal(await isCollected(kept), false);
  assert.equal(table.at(FIRST).value, "b");
});
