import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { pageTokenFromPosition, positionFromPageToken } from "../../../src/runrpc/paging/page-token.ts";

test("a token is good for the list that it was made for, and gives the position back", () => {
  const token = pageTokenFromPosition("logs", [1_700_000_000_000, 7]);
  assert.deepEqual(positionFromPageToken("logs", token, 2), [1_700_000_000_000, 7]);
  assert.equal(positionFromPageToken("logs", "", 2), undefined);
});

const tokenOf = (text: string) => Buffer.from(text).toString("base64url");

for (const [what, token] of [
  ["of another list with as many numbers", pageTokenFromPosition("users", [1, 2])],
  ["of another version", tokenOf("logs:2:1:2")],
  ["with one number less", pageTokenFromPosition("logs", [1])],
  ["with one number more", pageTokenFromPosition("logs", [1, 2, 3])],
  ["with an empty number", tokenOf("logs:1:1:")],
  ["with half a number", tokenOf("logs:1:1:0.5")],
  ["with a number that is not exact", tokenOf("logs:1:1:9007199254740992")],
  ["with text for a number", tokenOf("logs:1:1:x")],
] as const) {
  test(`a token ${what} is INVALID_ARGUMENT`, () => {
    assert.throws(
      () => positionFromPageToken("logs", token, 2),
      (error) => error instanceof ConnectError && error.code === Code.InvalidArgument,
    );
  });
}
