import assert from "node:assert/strict";
import { test } from "node:test";
import { boundedFields } from "../../../src/runrpc/log/log-fields.ts";

test("of an error with a whole table in its fields the first twenty plain ones are written, with short names", () => {
  const fields = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, at) => [`${"n".repeat(1_000)}${at}`, at]),
  );
  const names = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`f${at}`, `v${at}`]));
  const { err } = boundedFields({ err: Object.assign(new Error("x"), names) }) as { err: object };
  assert.deepEqual(Object.keys(err).slice(3), Object.keys(names).slice(0, 20));
  const text = JSON.stringify(boundedFields({ err: Object.assign(new Error("x"), fields) }));
  assert.ok(text.length < 20_000, `${text.length} characters`);
});

test("errors that hold each other are written one deep", () => {
  // Written whole they would be 5 ** 30.
  let nested: Error = new Error("innermost");
  for (let depth = 0; depth < 30; depth++) nested = new AggregateError(Array(5).fill(nested), `at ${depth}`);
  const { err } = boundedFields({ err: nested }) as { err: { message: string; aggregateErrors: object[] } };
  assert.deepEqual([err.message, err.aggregateErrors.length], ["at 29", 5]);
  for (const inner of err.aggregateErrors) assert.deepEqual(Object.keys(inner), ["type", "message", "stack"]);
  const itself = new AggregateError([], "itself");
  itself.errors.push(itself);
  assert.ok(JSON.stringify(boundedFields({ err: itself })).length < 10_000);
});
