import assert from "node:assert/strict";
import { it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { formatError, shownErrorOf } from "../../../src/runrpc/cli/call/show-error.ts";
import { openCallsText } from "../../../src/runrpc/cli/open-calls.ts";
import { startServer } from "../../../src/runrpc/server/server.ts";
import { UserSchema, UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";
import { runCommand } from "./run-command.ts";

// Nothing that a stranger sent steers the terminal of whoever looks at it: neither ESC nor the C1 codes, which JSON leaves.

const STEERING = "\u001b[2J\u009b2J\u202e";
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are meant
const STEERS = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/;

it("the calls in flight", () => {
  const call = { requestId: "1", ageMs: 1, messagesIn: 0, messagesOut: 0, waitsFor: "its handler" };
  const text = openCallsText([{ ...call, method: `a/${STEERING}`, caller: STEERING }]);
  assert.doesNotMatch(text, STEERS);
  assert.match(text, /a\/\\u001b\[2J\\u009b2J\\u202e/);
});

it("the error of a call, whose message may have lines", () => {
  const detail = { desc: UserSchema, value: { id: STEERING } };
  const error = new ConnectError(`first\nsecond ${STEERING}`, Code.Aborted, undefined, [detail]);
  const text = formatError(shownErrorOf(error, undefined), "");
  assert.doesNotMatch(text, STEERS);
  assert.match(text, /^aborted: first\nsecond \\u001b/);
});

it("the answer of a call, which is the same JSON", async (t) => {
  const user = create(UserSchema, { displayName: STEERING });
  const server = await startServer({
    services: [partOfService(UserService, { listUsers: () => ({ users: [user] }) })],
    keys: "open",
    server: { host: "127.0.0.1", port: 0 },
  });
  t.after(() => server.drain());
  const { stdout } = await runCommand(["call", "UserService/ListUsers", "{}", "--address", server.url]);
  assert.doesNotMatch(stdout, STEERS);
  assert.deepEqual(JSON.parse(stdout), { users: [{ displayName: STEERING }] });
});
