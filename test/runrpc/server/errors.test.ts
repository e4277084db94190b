import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { codeName, failureFrom } from "../../../src/runrpc/server/errors.ts";

const mapsNothing = () => undefined;

describe("failureFrom", () => {
  it("a ConnectError stays the object that it is", () => {
    const error = new ConnectError("no such user", Code.NotFound);
    assert.deepEqual(failureFrom(error, "id", mapsNothing), { error, hidden: false });
  });

  it("the application's own errors get the code that it gives them", () => {
    const mapped = new ConnectError("taken", Code.AlreadyExists);
    assert.deepEqual(
      failureFrom(new RangeError("x"), "id", () => mapped),
      { error: mapped, hidden: false },
    );
  });

  for (const reason of [new Error("secret"), "secret", undefined, null, 7, { message: "secret" }]) {
    it(`${JSON.stringify(reason)} becomes internal with the request id, and is kept as its cause`, () => {
      const { error, hidden } = failureFrom(reason, "req-1", mapsNothing);
      assert.equal(error.code, Code.Internal);
      assert.equal(error.rawMessage, "internal error, request id req-1");
      assert.equal(error.cause, reason);
      assert.equal(hidden, true);
    });
  }
});

it("every code has the name that the Connect protocol gives it", () => {
  const codes = Object.values(Code).filter((code) => typeof code === "number");
  assert.deepEqual(codes.map(codeName), [
    "canceled",
    "unknown",
    "invalid_argument",
    "deadline_exceeded",
    "not_found",
    "already_exists",
    "permission_denied",
    "resource_exhausted",
    "failed_precondition",
    "aborted",
    "out_of_range",
    "unimplemented",
    "internal",
    "unavailable",
    "data_loss",
    "unauthenticated",
  ]);
});
