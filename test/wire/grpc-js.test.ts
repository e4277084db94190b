import assert from "node:assert/strict";
import { once } from "node:events";
import { join } from "node:path";
import { after, before, test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { type RequestLogRow, startTestApp, type TestApp } from "./app.ts";

const protos = ["../proto", "../../proto"].map((folder) => join(import.meta.dirname, folder));
const userId = "00000000-0000-4000-8000-000000000001";

// What proto-loader makes has no types: a call is checked by what it does.
// biome-ignore lint/suspicious/noExplicitAny: see above.
type Untyped = any;

const packages: Untyped = grpc.loadPackageDefinition(
  loadSync(
    [
      "rig/users/v1/users.proto",
      "rig/events/v1/events.proto",
      "rig/logs/v1/logs.proto",
      "rig/chat/v1/chat.proto",
    ],
    {
      includeDirs: protos,
      keepCase: true,
      longs: String,
      enums: String,
    },
  ),
);

let app: TestApp;
before(async () => {
  app = await startTestApp();
});
after(() => app.close());

/** A client of a service, such as `rig.users.v1.UserService`. */
function clientOf(t: { after(end: () => void): void }, name: string): Untyped {
  const Client = name.split(".").reduce((found: Untyped, part) => found[part], packages);
  const client = new Client(new URL(app.url).host, grpc.credentials.createInsecure());
  t.after(() => client.close());
  return client;
}

function metadata(id: string, key = app.key): grpc.Metadata {
  const sent = new grpc.Metadata();
  sent.set("x-request-id", id);
  if (key !== "") sent.set("x-api-key", key);
  return sent;
}

/** A unary call, as a promise of its answer. */
function ask(
  client: Untyped,
  method: string,
  request: object,
  sent: grpc.Metadata,
  options: object = {},
): Promise<Untyped> {
  return new Promise((resolve, reject) =>
    client[method](request, sent, options, (error: Error | null, answer: unknown) =>
      error === null ? resolve(answer) : reject(error),
    ),
  );
}

async function codeOf(promise: Promise<unknown>): Promise<grpc.status> {
  return await promise.then(
    () => grpc.status.OK,
    (error: grpc.ServiceError) => error.code,
  );
}

/** What ends a streaming call: its status. */
function statusOf(call: Untyped): Promise<grpc.StatusObject> {
  call.on("error", () => {});
  return new Promise((resolve) => call.once("status", resolve));
}

test("a message of an error is read as it was written", async (t) => {
  const users = clientOf(t, "rig.users.v1.UserService");
  const request = { id: userId, update_mask: { paths: ["é: 100%, 中?"] } };
  const error = await ask(users, "UpdateUser", request, metadata("js/told")).catch((reason) => reason);
  assert.deepEqual(
    [error.code, error.details],
    [grpc.status.INVALID_ARGUMENT, 'update_mask path "é: 100%, 中?" is not one of: email, display_name'],
  );
});

test("unary: an answer, the request id in its metadata, and refusals with their codes", async (t) => {
  const users = clientOf(t, "rig.users.v1.UserService");
  const call = users.GetUser({ id: userId }, metadata("js/unary"), (_error: unknown, _answer: unknown) => {});
  const [received] = (await once(call, "metadata")) as [grpc.Metadata]; // as grpc-js documents it
  assert.deepEqual(received.get("x-request-id"), ["js/unary"]);
  assert.equal(
    (await ask(users, "GetUser", { id: userId }, metadata("js/unary-2"))).user.email,
    "dev@localhost",
  );
  assert.equal(
    await codeOf(ask(users, "GetUser", { id: "x" }, metadata("js/invalid"))),
    grpc.status.INVALID_ARGUMENT,
  );
  assert.equal(
    await codeOf(ask(users, "GetUser", { id: userId }, metadata("js/no-key", ""))),
    grpc.status.UNAUTHENTICATED,
  );
  assert.equal(
    await codeOf(ask(users, "GetUser", { id: userId.replace(/1$/, "2") }, metadata("js/not-found"))),
    grpc.status.NOT_FOUND,
  );
});

test("authorization: Bearer is as good as x-api-key", async (t) => {
  const sent = metadata("js/bearer", "");
  sent.set("authorization", `Bearer ${app.key}`);
  const answer = await ask(clientOf(t, "rig.users.v1.UserService"), "GetUser", { id: userId }, sent);
  assert.equal(answer.user.id, userId);
});

test("server stream: messages in order, then OK", async (t) => {
  const call = clientOf(t, "rig.users.v1.UserService").StreamUsers(
    { limit: 1 },
    metadata("js/server-stream"),
  );
  const users = await Array.fromAsync(call as AsyncIterable<Untyped>);
  assert.deepEqual(
    users.map(({ user }) => user.id),
    [userId],
  );
});

test("client stream: many requests, one answer", async (t) => {
  const { promise, resolve, reject } = Promise.withResolvers<Untyped>();
  const logs = clientOf(t, "rig.logs.v1.LogService");
  const call = logs.UploadLogs(metadata("js/client-stream"), (error: Error | null, answer: unknown) =>
    error === null ? resolve(answer) : reject(error),
  );
  for (let n = 0; n < 10; n++) call.write({ entries: [{ message: `line ${n}`, severity: "SEVERITY_INFO" }] });
  call.end();
  assert.deepEqual(await promise, { logs_received: "10" });
});

test("bidi stream: each answer comes before the next request is sent", async (t) => {
  const call = clientOf(t, "rig.chat.v1.ChatService").Chat(metadata("js/bidi"));
  const answers = call[Symbol.asyncIterator]();
  call.write({ room: "js" });
  assert.equal((await answers.next()).value.kind, "KIND_JOINED");
  for (const text of ["a", "b"]) {
    call.write({ text });
    assert.equal((await answers.next()).value.text, `Received: ${text}`);
  }
  call.end();
  assert.equal((await answers.next()).done, true);
});

test("a deadline ends a stream that would go on", async (t) => {
  const call = clientOf(t, "rig.events.v1.EventService").StreamEvents({}, metadata("js/deadline"), {
    deadline: Date.now() + 200,
  });
  call.resume();
  assert.equal((await statusOf(call)).code, grpc.status.DEADLINE_EXCEEDED);
});

test("cancel ends a stream on both sides", async (t) => {
  const events = clientOf(t, "rig.events.v1.EventService");
  await ask(events, "PublishEvent", { type: "a" }, metadata("js/publish"));
  const call = events.StreamEvents({ after_id: 0 }, metadata("js/cancel"));
  const ended = statusOf(call);
  await once(call, "data");
  call.cancel();
  assert.equal((await ended).code, grpc.status.CANCELLED);
});

test("the request log holds each of these calls once", async () => {
  const rows = await app.requestLog();
  const found = rows.map((row: RequestLogRow) => {
    assert.equal(row.protocol, "grpc");
    assert.equal(row.peer, "127.0.0.1");
    assert.equal(row.subject, row.code === "unauthenticated" ? null : userId);
    // The client's timer and the server's run side by side, so either may end the call.
    if (row.requestId === "js/deadline" && row.cancelledBy === "client") return [row.requestId, row.code];
    return [row.requestId, row.method, row.code, row.messagesIn, row.messagesOut, row.cancelledBy];
  });
  const [deadline] = found.filter(([id]) => id === "js/deadline");
  assert.deepEqual(found.sort(), [
    ["js/bearer", "GetUser", "ok", 1, 1, null],
    ["js/bidi", "Chat", "ok", 3, 3, null],
    ["js/cancel", "StreamEvents", "canceled", 1, 1, "client"],
    ["js/client-stream", "UploadLogs", "ok", 10, 1, null],
    deadline?.[1] === "canceled"
      ? deadline
      : ["js/deadline", "StreamEvents", "deadline_exceeded", 1, 0, "deadline"],
    ["js/invalid", "GetUser", "invalid_argument", 1, 0, null],
    ["js/no-key", "GetUser", "unauthenticated", 0, 0, null],
    ["js/not-found", "GetUser", "not_found", 1, 0, null],
    ["js/publish", "PublishEvent", "ok", 1, 1, null],
    ["js/server-stream", "StreamUsers", "ok", 1, 1, null],
    ["js/told", "UpdateUser", "invalid_argument", 1, 0, null],
    ["js/unary", "GetUser", "ok", 1, 1, null],
    ["js/unary-2", "GetUser", "ok", 1, 1, null],
  ]);
});
