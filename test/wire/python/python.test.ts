import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { requestLogOf } from "../app.ts";
import { makeFolder, serve } from "../process.ts";
import { python, runTool } from "../tools.ts";

const userId = "00000000-0000-4000-8000-000000000001";
const { path, skip } = python();

test("grpcio does all four kinds with a key, is refused without one, and the request log holds each call", {
  skip,
}, async (t) => {
  const folder = await makeFolder(t);
  const contracts = ["users", "events", "logs", "chat"].map((name) => `rig/${name}/v1/${name}.proto`);
  const imported = ["buf/validate/validate.proto", "runrpc/options/v1/options.proto"];
  const out = ["--python_out", "--grpc_python_out"].map((option) => `${option}=${folder}`);
  const made = await runTool(
    path,
    "-m",
    "grpc_tools.protoc",
    "-Iproto",
    "-Itest/proto",
    ...out,
    ...contracts,
    ...imported,
  );
  assert.equal(made.code, 0, made.stderr);

  const server = await serve(folder);
  t.after(() => server.child.kill("SIGKILL"));
  const client = join(import.meta.dirname, "client.py");
  const { code, stdout, stderr } = await runTool(path, client, folder, server.address, server.key);
  assert.equal(code, 0, stderr);
  const outcomes = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  const refused = (kind: string) => [
    [`${kind} without a key`, "UNAUTHENTICATED"],
    [`${kind} with a wrong key`, "UNAUTHENTICATED"],
  ];
  assert.deepEqual(outcomes, [
    ["unary", "dev@localhost"],
    ...refused("unary"),
    ["server_stream", [userId]],
    ...refused("server_stream"),
    ["client_stream", 100],
    ...refused("client_stream"),
    ["bidi_stream", ["", "Received: a", "Received: b"]],
    ...refused("bidi_stream"),
    ["invalid", "INVALID_ARGUMENT"],
    ["told", 'update_mask path "é: 100%, 中?" is not one of: email, display_name'],
    ["cancelled", "CANCELLED"],
    ["expired", "DEADLINE_EXCEEDED"],
  ]);

  assert.equal(await server.stop(), 0);
  const rows = requestLogOf(server.file);
  const keyId = server.key.slice(0, 11);
  for (const row of rows) {
    assert.equal(row.protocol, "grpc");
    assert.equal(row.httpVersion, "2.0");
    assert.equal(row.peer, "127.0.0.1");
    const isRefused = row.code === "unauthenticated";
    assert.deepEqual([row.subject, row.keyId], isRefused ? [null, null] : [userId, keyId], row.requestId);
    assert.ok(row.durationMs > 0);
  }
  const found = rows.map(({ requestId, method, code: status, messagesIn, messagesOut }) =>
    // The client's timer and the server's run side by side, so either may end this call.
    [requestId, method, requestId === "expired" ? "deadline_exceeded" : status, messagesIn, messagesOut].join(
      " ",
    ),
  );
  const refusals = (kind: string, method: string) => [
    `${kind}-without-key ${method} unauthenticated 0 0`,
    `${kind}-wrong-key ${method} unauthenticated 0 0`,
  ];
  assert.deepEqual(found.sort(), [
    "bidi_stream Chat ok 3 3",
    ...refusals("bidi_stream", "Chat"),
    "cancelled StreamEvents canceled 1 1",
    "client_stream UploadLogs ok 100 1",
    ...refusals("client_stream", "UploadLogs"),
    "expired StreamEvents deadline_exceeded 1 0",
    "invalid GetUser invalid_argument 1 0",
    "publish PublishEvent ok 1 1",
    "server_stream StreamUsers ok 1 1",
    ...refusals("server_stream", "StreamUsers"),
    "told UpdateUser invalid_argument 1 0",
    "unary GetUser ok 1 1",
    ...refusals("unary", "GetUser"),
  ]);
  const expired = rows.find(({ requestId }) => requestId === "expired");
  assert.ok(
    expired !== undefined && expired.durationMs >= 250,
    "the duration lasts to the end of the stream",
  );
});
