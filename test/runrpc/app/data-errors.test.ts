import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "@connectrpc/connect";
import { connectErrorFromDataError } from "../../../src/runrpc/app/data-errors.ts";
import { DataError, type DataErrorCode } from "../../../src/runrpc/data/data-error.ts";

const codes: readonly (readonly [DataErrorCode, Code | undefined])[] = [
  ["invalid_argument", Code.InvalidArgument],
  ["not_found", Code.NotFound],
  ["already_exists", Code.AlreadyExists],
  ["failed_precondition", Code.FailedPrecondition],
  ["aborted", Code.Aborted],
  ["resource_exhausted", Code.ResourceExhausted],
  ["unavailable", Code.Unavailable],
  ["unknown", Code.Unknown],
  ["data_loss", Code.DataLoss],
  ["internal", undefined],
];

for (const [code, expected] of codes) {
  test(`a ${code} of the store is ${expected === undefined ? "left to the server" : Code[expected]}`, () => {
    const mapped = connectErrorFromDataError(new DataError(code, "sentence"));
    assert.deepEqual([mapped?.code, mapped?.rawMessage], [expected, expected && "sentence"]);
  });
}

test("a sentence of SQLite's does not reach the client", () => {
  const message = "UNIQUE constraint failed: users.email_key";
  const details = { databaseCode: "SQLITE_CONSTRAINT_UNIQUE" };
  const mapped = connectErrorFromDataError(new DataError("already_exists", message, details));
  assert.equal(mapped?.code, Code.AlreadyExists);
  assert.doesNotMatch(mapped?.message ?? "", /users|email_key/);
});

test("what is not an error of the store is left to the server", () => {
  for (const reason of [new Error("x"), undefined, "x"]) {
    assert.equal(connectErrorFromDataError(reason), undefined);
  }
});
