import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { makeFolder, serve } from "./process.ts";
import { grpcurl, runTool } from "./tools.ts";

const userId = "00000000-0000-4000-8000-000000000001";
const { path, skip } = grpcurl();

test("grpcurl lists, describes and calls by reflection alone", { skip }, async (t) => {
  const server = await serve(await makeFolder(t));
  t.after(() => server.child.kill("SIGKILL"));

  /** What grpcurl prints; options come before the address, verbs after it. */
  async function run(options: readonly string[], ...rest: string[]): Promise<string> {
    const { code, stdout, stderr } = await runTool(path, "-plaintext", ...options, server.address, ...rest);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  }
  const withKey = ["-H", `x-api-key: ${server.key}`];
  const call = async (method: string, ...requests: object[]) =>
    await run([...withKey, "-d", requests.map((request) => JSON.stringify(request)).join("\n")], method);

  await t.test("list", async () => {
    assert.deepEqual((await run([], "list")).split("\n"), [
      "grpc.health.v1.Health",
      "grpc.reflection.v1.ServerReflection",
      "grpc.reflection.v1alpha.ServerReflection",
      "rig.chat.v1.ChatService",
      "rig.events.v1.EventService",
      "rig.logs.v1.LogService",
      "rig.users.v1.UserService",
      "runrpc.monitor.v1.MonitorService",
    ]);
  });

  await t.test("describe a service, a message and a field of an imported type", async () => {
    assert.match(
      await run([], "describe", "rig.users.v1.UserService"),
      /rpc StreamUsers \( .*\) returns \( stream /,
    );
    assert.match(
      await run([], "describe", "rig.users.v1.User"),
      /\.google\.protobuf\.Timestamp create_time = 4;/,
    );
    assert.match(await run([], "describe", "grpc.health.v1.Health"), /rpc Watch/);
  });

  await t.test("a call of each kind", async () => {
    assert.equal(JSON.parse(await call("rig.users.v1.UserService/GetUser", { id: userId })).user.id, userId);
    assert.equal(JSON.parse(await call("rig.users.v1.UserService/StreamUsers", {})).user.id, userId);
    const uploaded = await call(
      "rig.logs.v1.LogService/UploadLogs",
      ...["a", "b"].map((message) => ({ entries: [{ message }] })),
    );
    assert.deepEqual(JSON.parse(uploaded), { logsReceived: "2" });
    assert.match(
      await call("rig.chat.v1.ChatService/Chat", { room: "go", text: "hello" }),
      /"Received: hello"/,
    );
  });

  await t.test("health, without a key", async () => {
    assert.deepEqual(JSON.parse(await run([], "grpc.health.v1.Health/Check")), { status: "SERVING" });
  });

  await t.test("no key is Unauthenticated", async () => {
    const { code, stderr } = await runTool(
      path,
      "-plaintext",
      "-d",
      "{}",
      server.address,
      "rig.users.v1.UserService/ListUsers",
    );
    // grpcurl adds 64 to the code of the status.
    assert.equal(code, 64 + 16, stderr);
  });

  await t.test("a client that knows the schema from its files", async () => {
    const files = [
      "-import-path",
      join(import.meta.dirname, "../../proto"),
      "-import-path",
      join(import.meta.dirname, "../proto"),
      "-proto",
      "rig/users/v1/users.proto",
    ];
    const answer = await run([...files, ...withKey, "-d", "{}"], "rig.users.v1.UserService/ListUsers");
    assert.equal(JSON.parse(answer).users.length, 1);
  });

  assert.equal(await server.stop(), 0);
});
