import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Code, type Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { codeName } from "../../src/runrpc/server/errors.ts";
import { ChatService } from "../gen/rig/chat/v1/chat_pb.ts";
import { EventService } from "../gen/rig/events/v1/events_pb.ts";
import { UserService } from "../gen/rig/users/v1/users_pb.ts";
import { requestLogOf } from "./app.ts";
import { exchange, outcomeOf, transportOf } from "./matrix/calls.ts";
import { makeFolder, type ServeProcess, serve } from "./process.ts";

const { listUsers, streamUsers } = UserService.method;
const { streamEvents } = EventService.method;

/** A gRPC client whose connection does not outlive its calls, so that a server that is gone is noticed at once. */
function grpcClient(url: string): Transport {
  return createGrpcTransport({ baseUrl: url, sessionManager: new Http2SessionManager(url, {}, {}) });
}

test("SIGTERM under load: each call that was taken ends with the status that its record has, exit code 0", async (t) => {
  const server = await serve(await makeFolder(t), "--drain-timeout-ms", "700");
  t.after(() => server.child.kill("SIGKILL"));
  /** What each client was told, by request id. */
  const told = new Map<string, string>();
  let isGone = false;
  void server.exit.then(() => {
    isGone = true;
  });
  let answered = 0;
  const busy = Promise.withResolvers<void>();

  async function call(
    id: string,
    transport: Transport,
    method: typeof listUsers | typeof streamUsers | typeof streamEvents,
  ) {
    const headers = { "x-request-id": id, "x-api-key": server.key };
    const { error } = await outcomeOf(exchange(transport, method, [{}], { headers }));
    told.set(id, error === undefined ? "ok" : codeName(error.code));
    if (++answered === 500) busy.resolve();
    return error;
  }

  /** One call after the other, until there is nobody to call. */
  async function keepCalling(
    name: string,
    transport: Transport,
    method: typeof listUsers | typeof streamUsers,
  ) {
    for (let n = 0; !isGone; n++) {
      const error = await call(`${name}-${n}`, transport, method);
      if (error?.code === Code.Unavailable) return;
    }
  }

  const clients = Array.from({ length: 8 }, (_, n) => {
    const h1 = transportOf({ protocol: "connect", httpVersion: "1.1" }, server.url);
    const h2 = grpcClient(server.url);
    return [
      keepCalling(`h1-${n}`, h1, listUsers),
      keepCalling(`h2-${n}`, h2, listUsers),
      keepCalling(`h2-stream-${n}`, h2, streamUsers),
      call(`open-${n}`, h2, streamEvents),
    ];
  }).flat();
  await busy.promise;
  assert.equal(await server.stop(), 0);
  await Promise.all(clients);

  const rows = new Map(requestLogOf(server.file).map((row) => [row.requestId, row]));
  const otherwise = [...told].filter(([id, code]) => rows.has(id) && rows.get(id)?.code !== code);
  assert.deepEqual(otherwise, [], "the client and the record say different things");
  // Refused with the connection, or with REFUSED_STREAM, for which each client has its own word.
  const unrecorded = [...told].filter(([id, code]) => !rows.has(id) && code === "ok");
  assert.deepEqual(unrecorded, [], "there are answers without a record");
  assert.ok([...told].filter(([id]) => rows.has(id)).length >= 500);
  assert.deepEqual(
    [...rows.keys()].filter((id) => !told.has(id)),
    [],
    "there are records of calls that nobody made",
  );
  for (let n = 0; n < 8; n++) {
    const row = rows.get(`open-${n}`);
    assert.deepEqual([row?.code, row?.cancelledBy], ["unavailable", "shutdown"]);
  }
});

test("a call that ends within the drain's time is let finish", async (t) => {
  const server = await serve(await makeFolder(t), "--drain-timeout-ms", "30000");
  t.after(() => server.child.kill("SIGKILL"));
  const upload = Promise.withResolvers<void>();
  const requests = (async function* () {
    yield { room: "drain", text: "before" };
    await upload.promise;
    yield { text: "after" };
  })();
  let answers = 0;
  const responses = exchange(grpcClient(server.url), ChatService.method.chat, requests, {
    headers: { "x-api-key": server.key },
  });
  const outcome = await outcomeOf(responses, () => {
    if (++answers === 1) void drainBegins(server).then(upload.resolve);
  });
  assert.equal(outcome.error, undefined);
  assert.equal(outcome.messages.length, 3);
  assert.equal(await server.exit, 0);
});

test("a second signal ends the process at once", async (t) => {
  const server = await serve(await makeFolder(t), "--drain-timeout-ms", "600000");
  t.after(() => server.child.kill("SIGKILL"));
  const headers = { "x-api-key": server.key };
  const transport = grpcClient(server.url);
  // A stream that would go on holds up the drain; the answer to the second call shows that the server has it. What its
  // client is told is left open: Connect's may wait for ever when a connection ends after GOAWAY and before headers.
  void outcomeOf(exchange(transport, streamEvents, [{}], { headers }));
  assert.equal((await outcomeOf(exchange(transport, listUsers, [{}], { headers }))).error, undefined);
  await drainBegins(server);
  server.child.kill("SIGINT");
  assert.equal(await server.exit, 130);
});

/** Sends SIGTERM and waits until the server says that it drains. */
async function drainBegins(server: ServeProcess): Promise<void> {
  server.child.kill("SIGTERM");
  while (!server.output().includes("draining")) await once(server.child.stderr, "data");
}
