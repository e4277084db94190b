import assert from "node:assert/strict";
import { test } from "node:test";
import { orderTables } from "../../../../src/runrpc/data/copy/table-order.ts";

function reference(table: string, to: string) {
  return { name: `${table}_${to}`, table, to, isDeferrable: false };
}

function ordered(names: readonly string[], references: readonly ReturnType<typeof reference>[]) {
  const { tables, deferred } = orderTables(names, references);
  return [tables.join(" "), deferred.map(({ name }) => name).join(" ")];
}

test("a table comes after all that it refers to, else in the order of the names", () => {
  const references = [reference("a", "c"), reference("c", "d"), reference("b", "c")];
  assert.deepEqual(ordered(["d", "c", "b", "a"], references), ["d c a b", ""]);
  assert.deepEqual(ordered([], references), ["", ""]);
});

test("what goes round in a circle is deferred, and no more of it than has to be", () => {
  const references = [reference("a", "b"), reference("b", "a"), reference("b", "b"), reference("c", "b")];
  assert.deepEqual(ordered(["a", "b", "c"], references), ["a b c", "a_b b_b"]);
});

test("a reference of a table that is not copied does not count", () => {
  assert.deepEqual(ordered(["a"], [reference("a", "z"), reference("z", "a")]), ["a", ""]);
});
