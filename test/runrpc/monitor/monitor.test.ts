import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createFileRegistry, fromBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import Database from "better-sqlite3";
import { defineApp, threaded } from "runrpc";
import { startTestApp, type TestApp } from "runrpc/testing";
import {
  type EndedCall,
  type ListCallsRequestSchema,
  MonitorService,
  type WatchRequestSchema,
  type WatchResponse,
} from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { readProto } from "../../../src/runrpc/cli/call/read-proto.ts";
import { commentOf } from "../../../src/runrpc/contracts/comments.ts";
import { describe as describeRoutes } from "../../../src/runrpc/monitor/describe.ts";
import { createRoutes } from "../../../src/runrpc/server/routes/routes.ts";
import definition from "../../app/main.ts";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";

const config = { "monitor.enabled": "true", "log.mode": "all" };
const nobody = "00000000-0000-4000-8000-0000000000ff";
const getUser = "rig.users.v1.UserService/GetUser";

/** Watches until a look fits; what was missed is told by its name. */
async function watchUntil(
  app: TestApp,
  what: string,
  request: MessageInitShape<typeof WatchRequestSchema>,
  fits: (look: WatchResponse) => boolean,
): Promise<WatchResponse> {
  const headers = { "x-request-id": "watching" };
  const leave = new AbortController();
  const signal = AbortSignal.any([leave.signal, AbortSignal.timeout(30_000)]);
  try {
    for await (const look of app
      .client(MonitorService)
      .watch({ intervalMs: 50, ...request }, { headers, signal }))
      if (fits(look)) return look;
  } catch (error) {
    throw new assert.AssertionError({ message: `no look had ${what}: ${ConnectError.from(error).message}` });
  } finally {
    leave.abort();
  }
  return assert.fail("the server ended the stream");
}

/** The calls of a test, once all of them are in the request log; newest first. */
async function logged(app: TestApp, count: number): Promise<readonly EndedCall[]> {
  const { listCalls } = app.client(MonitorService);
  const giveUpAtMs = performance.now() + 30_000;
  for (;;) {
    const { calls } = await listCalls({ method: "rig.users.v1.UserService", pageSize: 1_000 });
    if (calls.length >= count) return calls;
    assert.ok(performance.now() < giveUpAtMs, `${calls.length} of ${count} calls are in the request log`);
  }
}

for (const lane of ["auto", "stock"])
  describe(`the monitor, lane ${lane}`, () => {
    const start = () => startTestApp(definition, { config: { ...config, "server.lane": lane } });

    it("tells rates and durations by method, and the calls that have ended in their order", async () => {
      await using app = await start();
      const users = app.client(UserService);
      for (let n = 0; n < 3; n++)
        await assert.rejects(users.getUser({ id: nobody }, { headers: { "x-request-id": `gone-${n}` } }));
      const told: string[] = [];
      let called: Promise<unknown> | undefined;
      const look = await watchUntil(app, "rates", { endedCalls: true, recentCalls: 2 }, (each) => {
        told.push(...each.endedCalls.map(({ requestId }) => requestId));
        called ??= users.listUsers({}, { headers: { "x-request-id": "live" } });
        return each.methods.some(
          ({ method, callsPerSecond }) => method.endsWith("/ListUsers") && callsPerSecond > 0,
        );
      });
      await called;
      assert.deepEqual(told, ["gone-1", "gone-2", "live"]);
      const [activity] = look.methods;
      assert.equal(activity?.method, "rig.users.v1.UserService/ListUsers");
      assert.equal(activity?.kind, "unary");
      assert.ok((activity?.callsPerSecond ?? 0) > 0 && activity?.faultsPerSecond === 0);
      assert.ok(activity.p50Ms > 0 && activity.p50Ms === activity.p99Ms);
      const { process, store } = look;
      assert.ok((process?.residentBytes ?? 0n) > 0n && (process?.uptimeSeconds ?? 0) > 0);
      assert.ok((process?.connections ?? 0) >= 1);
      assert.equal(store?.writes?.queued, 0);
    });

    it("shows open streams with their messages, and its own streams not", async () => {
      await using app = await start();
      const asked = Promise.withResolvers<void>();
      async function* requests() {
        yield { room: "a", text: "b" };
        await asked.promise;
      }
      const answers = app.client(ChatService).chat(requests(), { headers: { "x-request-id": "chat-1" } });
      const chatting = Array.fromAsync(answers);
      chatting.catch(() => {}); // what fails before it is awaited says more
      const look = await watchUntil(app, "a chat that has answered", {}, ({ openCalls }) =>
        openCalls.some(
          ({ requestId, messagesOut, waitsFor }) =>
            requestId === "chat-1" && messagesOut >= 2n && waitsFor === "its handler",
        ),
      );
      assert.deepEqual(
        look.openCalls.map(({ method, messagesIn, waitsFor }) => [method, messagesIn, waitsFor]),
        [["rig.chat.v1.ChatService/Chat", 1n, "its handler"]],
      );
      assert.equal(look.openCallCount, 1);
      const [activity] = look.methods.filter(({ openCalls }) => openCalls > 0);
      assert.equal(activity?.method, "rig.chat.v1.ChatService/Chat");
      assert.ok((activity?.oldestAgeMs ?? 0) > 0);
      asked.resolve();
      await chatting;
      await watchUntil(app, "no open call", {}, ({ openCallCount }) => openCallCount === 0);
    });

    it("cancels an open call, whose client and record are told so", async () => {
      await using app = await start();
      const { cancelCall } = app.client(MonitorService);
      await assert.rejects(cancelCall({ requestId: "chat-2" }), { code: Code.NotFound });
      async function* requests() {
        yield { room: "a", text: "b" };
        await new Promise(() => {});
      }
      const answers = app.client(ChatService).chat(requests(), { headers: { "x-request-id": "chat-2" } });
      const chatting = Array.fromAsync(answers).catch((error: unknown) => ConnectError.from(error));
      await watchUntil(app, "the chat", {}, ({ openCalls }) =>
        openCalls.some(({ requestId }) => requestId === "chat-2"),
      );
      assert.equal((await cancelCall({ requestId: "chat-2" })).cancelled, 1);
      const error = await chatting;
      assert.ok(error instanceof ConnectError);
      assert.equal(error.code, Code.Canceled);
      const look = await watchUntil(
        app,
        "its record",
        { endedCalls: true, recentCalls: 256 },
        ({ endedCalls }) => endedCalls.some(({ requestId }) => requestId === "chat-2"),
      );
      const record = look.endedCalls.find(({ requestId }) => requestId === "chat-2");
      assert.deepEqual([record?.code, record?.cancelledBy], ["canceled", "operator"]);
    });

    it("goes on behind an answer of another stream, and takes no text for one that is none", async () => {
      await using app = await start();
      const users = app.client(UserService);
      const call = (id: string) => users.listUsers({}, { headers: { "x-request-id": id } });
      const told = async (request: MessageInitShape<typeof WatchRequestSchema>, last: string) => {
        const ids: string[] = [];
        const { position } = await watchUntil(
          app,
          last,
          { endedCalls: true, ...request },
          ({ endedCalls }) => {
            ids.push(...endedCalls.map(({ requestId }) => requestId).filter((id) => id !== "watching"));
            return ids.includes(last);
          },
        );
        return { ids, position };
      };
      await call("one");
      const first = await told({ recentCalls: 10 }, "one");
      await call("two");
      await call("three");
      assert.deepEqual((await told({ recentCalls: 1 }, "three")).ids, ["three"]);
      const next = await told({ recentCalls: 1, after: first.position }, "three");
      assert.deepEqual(next.ids, ["two", "three"]);
      await call("four");
      assert.deepEqual((await told({ after: next.position }, "four")).ids, ["four"]);
      for (const json of [
        "null",
        "{}",
        "[1]",
        "[1,[1.5]]",
        '[-1,{"a":1}]',
        '[1,{"a":"1"}]',
        '[1,{"a":1e99}]',
      ])
        await assert.rejects(
          Array.fromAsync(
            app.client(MonitorService).watch({ after: Buffer.from(json).toString("base64url") }),
          ),
          { code: Code.InvalidArgument },
          json,
        );
    });

    it("ends its streams when the server drains, behind a last answer, and does not hold that up", async () => {
      const app = await start();
      const looks = app.client(MonitorService).watch({ intervalMs: 3_600_000, endedCalls: true });
      const iterator = looks[Symbol.asyncIterator]();
      assert.equal((await iterator.next()).done, false);
      await app.client(UserService).listUsers({}, { headers: { "x-request-id": "last" } });
      const drained = app.drain();
      const last = await iterator.next();
      assert.ok(last.done !== true);
      assert.deepEqual(
        last.value.endedCalls.map(({ requestId }) => requestId),
        ["last"],
      );
      assert.deepEqual(await iterator.next(), { done: true, value: undefined });
      await drained;
      await app[Symbol.asyncDispose]();
    });
  });

it("streams that look on tell of the calls that end while the server drains", async () => {
  const app = await startTestApp(definition, { config });
  const looks = [50, 3_600_000].map((intervalMs) =>
    app.client(MonitorService).watch({ intervalMs, endedCalls: true }),
  );
  const begun = looks.map(() => Promise.withResolvers<void>());
  const told = looks.map(async (stream, index) => {
    const ids: string[] = [];
    for await (const { endedCalls } of stream) {
      ids.push(...endedCalls.map(({ requestId }) => requestId));
      begun[index]?.resolve();
    }
    return ids;
  });
  const asked = Promise.withResolvers<void>();
  async function* requests() {
    yield { room: "a", text: "b" };
    await asked.promise;
  }
  const chat = app.client(ChatService).chat(requests(), { headers: { "x-request-id": "chat" } });
  const answers = chat[Symbol.asyncIterator]();
  await answers.next();
  await Promise.all(begun.map(({ promise }) => promise));
  const drained = app.drain();
  asked.resolve();
  while ((await answers.next()).done !== true) {}
  for (const ids of await Promise.all(told)) assert.equal(ids.at(-1), "chat");
  await drained;
  await app[Symbol.asyncDispose]();
});

it("the monitor tells of health, and what the threads of a service do", async () => {
  const inThreads = defineApp({
    services: () => [
      threaded(UserService, new URL("../threads/handlers/users.ts", import.meta.url), { threads: 1 }),
    ],
  });
  await using app = await startTestApp(inThreads);
  const service = UserService.typeName;
  const leave = new AbortController();
  const waiting = app.client(UserService).getUser({ id: nobody }, { signal: leave.signal });
  waiting.catch(() => {}); // it is left
  const look = await watchUntil(
    app,
    "a call in a thread, and health",
    {},
    ({ threads, serving }) => threads[0]?.inFlight === 1 && service in serving,
  );
  const [threads] = look.threads;
  assert.deepEqual([threads?.service, threads?.threads, threads?.queued], [service, 1, 0]);
  assert.deepEqual(look.serving, { [service]: true });
  app.app.health.set(service, "not_serving");
  await watchUntil(app, "a service that does not serve", {}, ({ serving }) => serving[service] === false);
  leave.abort();
});

describe("the request log, as the monitor lists it", () => {
  it("is filtered by method, code, key, subject, id, time and duration, in pages", async () => {
    await using app = await startTestApp(definition, { config });
    const users = app.client(UserService);
    const other = await app.createKey({ scopes: ["users.read"] });
    for (let n = 0; n < 5; n++) await users.listUsers({}, { headers: { "x-request-id": `list-${n}` } });
    await assert.rejects(users.getUser({ id: nobody }, { headers: { "x-request-id": "gone" } }));
    await app.client(UserService, { key: other }).listUsers({}, { headers: { "x-request-id": "other" } });
    const all = await logged(app, 7);
    const { listCalls, getCall } = app.client(MonitorService);
    const ids = async (request: MessageInitShape<typeof ListCallsRequestSchema>) =>
      (await listCalls({ method: "rig.users.v1.UserService", ...request })).calls.map(
        ({ requestId }) => requestId,
      );
    assert.deepEqual(
      all.map(({ requestId }) => requestId),
      ["other", "gone", "list-4", "list-3", "list-2", "list-1", "list-0"],
    );
    assert.deepEqual(await ids({ method: getUser }), ["gone"]);
    assert.deepEqual(await ids({ method: "no.such.Service" }), []);
    assert.deepEqual(await ids({ codes: ["error"] }), ["gone"]);
    assert.deepEqual(await ids({ codes: ["not_found", "internal"] }), ["gone"]);
    assert.deepEqual(await ids({ keyId: other.slice(0, 11) }), ["other"]);
    assert.equal((await ids({ subject: all[0]?.subject ?? "" })).length, 7);
    assert.deepEqual(await ids({ requestId: "list-3" }), ["list-3"]);
    assert.deepEqual(await ids({ minDurationMs: 3_600_000 }), []);
    const middle = all[3]?.startTime;
    assert.ok(middle !== undefined);
    const [from, to] = [{ startTime: middle }, { endTime: middle }];
    assert.equal((await ids(from)).length + (await ids(to)).length, 7);
    const later = timestampFromDate(new Date(timestampDate(middle).getTime() + 3_600_000));
    assert.deepEqual(await ids({ startTime: later }), []);

    const pages: string[][] = [];
    let pageToken = "";
    do {
      const page = await listCalls({ method: "rig.users.v1.UserService", pageSize: 3, pageToken });
      pages.push(page.calls.map(({ requestId }) => requestId));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    assert.deepEqual(pages.flat().sort(), all.map(({ requestId }) => requestId).sort());
    assert.ok(pages.every((page) => page.length <= 3));

    const gone = all[1];
    const { call } = await getCall({ id: gone?.id ?? 0n });
    assert.deepEqual(call, gone);
    assert.deepEqual([call?.code, call?.method, call?.protocol], ["not_found", getUser, "grpc"]);
    assert.notEqual(call?.error, "");
    await assert.rejects(getCall({ id: 9_007_199_254_740_993n }), { code: Code.NotFound });
    await assert.rejects(listCalls({ pageToken: "bm8" }), { code: Code.InvalidArgument });
  });
});

// Postgres lets nobody write such values.
if (process.env.RUNRPC_TEST_DATABASE === undefined)
  it("a call and a key whose rows cannot be read are listed with what is wrong, beside the others", async () => {
    await using app = await startTestApp(definition, { config });
    const monitor = app.client(MonitorService);
    for (const id of [nobody, nobody, "x"])
      await app
        .client(UserService)
        .getUser({ id })
        .catch(() => {});
    const [, edited] = await logged(app, 3);
    const { key } = await monitor.createKey({ user: "dev@localhost", scopes: ["users.read"] });
    const client = new Database(app.file);
    client
      .prepare(
        "UPDATE request_log SET started_at = 'once', bytes_in = -1, duration_ms = 'long', code = x'00' WHERE id = ?",
      )
      .run(edited?.id);
    client.prepare("UPDATE keys SET scopes = 'users.read' WHERE key_id = ?").run(key?.keyId);
    client.close();

    const fault =
      "startedAt is no time, code is no text, durationMs is no number, bytesIn is no whole number from 0";
    const { startTime: _, ...read } = edited ?? {};
    const { call } = await monitor.getCall({ id: edited?.id ?? 0n });
    assert.deepEqual({ ...call }, { ...read, code: "", durationMs: 0, bytesIn: 0n, fault });
    const json = async (method: string, request: object) => {
      const headers = { "x-api-key": app.key, "content-type": "application/json" };
      const url = `${app.url}/${MonitorService.typeName}/${method}`;
      const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(request) });
      return (await answer.json()) as { readonly [list: string]: readonly { readonly fault?: string }[] };
    };
    const { calls = [] } = await json("ListCalls", { method: "rig.users.v1.UserService" });
    assert.deepEqual(
      calls.map((one) => one.fault),
      [undefined, undefined, fault],
    );
    const { keys = [] } = await json("ListKeys", {});
    assert.deepEqual(
      keys.flatMap((one) => one.fault ?? []),
      ["scopes is no list of texts"],
    );
    assert.ok(keys.length > 1);
  });

describe("keys, as the monitor keeps them", () => {
  it("are made, listed, rotated and revoked; a revoked one does not work", async () => {
    await using app = await startTestApp(definition, { config });
    const monitor = app.client(MonitorService);
    const { key, secret } = await monitor.createKey({
      user: "dev@localhost",
      name: "made here",
      scopes: ["users.read"],
      callsPerSecond: 1_000,
    });
    assert.deepEqual([key?.name, key?.scopes, key?.callsPerSecond], ["made here", ["users.read"], 1_000]);
    assert.equal(secret.slice(0, 11), key?.keyId);
    await app.client(UserService, { key: secret }).listUsers({});
    const listed = (await monitor.listKeys({})).keys.find(({ keyId }) => keyId === key?.keyId);
    assert.equal(listed?.subjectName, "dev@localhost");
    const rotated = await monitor.rotateKey({ keyId: key?.keyId ?? "" });
    await app.client(UserService, { key: rotated.secret }).listUsers({});
    const revoked = await monitor.revokeKey({ keyId: rotated.key?.keyId ?? "" });
    assert.ok(revoked.key?.revokeTime !== undefined);
    const late = app.client(UserService, { key: rotated.secret });
    const giveUpAtMs = performance.now() + 30_000;
    for (;;) {
      const error = await late.listUsers({}).then(() => undefined, ConnectError.from);
      if (error?.code === Code.Unauthenticated) break;
      assert.ok(performance.now() < giveUpAtMs, "the revoked key still works");
    }
    await assert.rejects(monitor.revokeKey({ keyId: "rr_AAAAAAAA" }), { code: Code.NotFound });
    await assert.rejects(monitor.createKey({ user: "nobody@localhost" }), { code: Code.NotFound });
  });

  it("are made with times and limits that can be stored, and no others", async () => {
    await using app = await startTestApp(definition, { config });
    const { createKey, listKeys, listCalls } = app.client(MonitorService);
    const user = "dev@localhost";
    const last = { seconds: 253_402_300_799n, nanos: 999_999_999 };
    const most = { callsPerSecond: 2_147_483_647, maxConcurrentCalls: 2_147_483_647 };
    const { key } = await createKey({ user, expireTime: last, ...most });
    const made = (await listKeys({})).keys.find(({ keyId }) => keyId === key?.keyId);
    assert.deepEqual([made?.expireTime?.nanos, made?.fault], [999_000_000, ""]);
    for (const bad of [
      { callsPerSecond: 2_147_483_648 },
      { maxConcurrentCalls: 2_147_483_648 },
      { expireTime: { ...last, nanos: 1_000_000_000 } },
      { expireTime: { seconds: last.seconds + 1n, nanos: 0 } },
    ])
      await assert.rejects(createKey({ user, ...bad }), { code: Code.InvalidArgument });
    await assert.rejects(listCalls({ startTime: { ...last, nanos: -1 } }), { code: Code.InvalidArgument });
  });

  it("give nobody more than their maker has", async () => {
    await using app = await startTestApp(definition, { config });
    const operator = app.client(MonitorService, {
      key: await app.createKey({ scopes: ["admin", "users.*"] }),
    });
    const user = "dev@localhost";
    await operator.createKey({ user, scopes: ["users.read", "admin"] });
    for (const scope of ["*", "events.read", "u*"])
      await assert.rejects(operator.createKey({ user, scopes: [scope] }), { code: Code.PermissionDenied });
    const mighty = app.key.slice(0, 11);
    await assert.rejects(operator.rotateKey({ keyId: mighty }), { code: Code.PermissionDenied });
  });

  it("ask for the scope admin, and nothing is there without monitor.enabled", async () => {
    await using app = await startTestApp(definition, { config });
    const reader = app.client(MonitorService, {
      key: await app.createKey({ scopes: ["users.*", "metrics.read"] }),
    });
    await assert.rejects(reader.listKeys({}), { code: Code.PermissionDenied });
    await assert.rejects(reader.cancelCall({ requestId: "x" }), { code: Code.PermissionDenied });
    await using other = await startTestApp(definition, { config: { "monitor.enabled": "false" } });
    await assert.rejects(other.client(MonitorService).listKeys({}), { code: Code.Unimplemented });
  });
});

it("the monitor describes each service, and what its methods ask for", async () => {
  await using app = await startTestApp(definition, { config });
  const { services, fileDescriptorSet } = await app.client(MonitorService).describe({});
  const users = services.find(({ name }) => name === "rig.users.v1.UserService");
  const stream = users?.methods.find(({ name }) => name === "StreamUsers");
  assert.deepEqual(
    [stream?.kind, stream?.input, stream?.output, stream?.isPublic, stream?.scopes],
    [
      "server_streaming",
      "rig.users.v1.StreamUsersRequest",
      "rig.users.v1.StreamUsersResponse",
      false,
      ["users.read"],
    ],
  );
  assert.ok(services.some(({ name }) => name === "grpc.health.v1.Health"));
  const { file } = fromBinary(FileDescriptorSetSchema, fileDescriptorSet);
  const names = file.map(({ name }) => name);
  assert.ok(names.indexOf("buf/validate/validate.proto") < names.indexOf("rig/users/v1/users.proto"));
  assert.equal(names.length, new Set(names).size);
});

it("where the contracts are known, what is described has their comments", async () => {
  const routes = createRoutes({
    definitions: [partOfService(UserService, {})],
    defaults: { unaryDeadlineMs: 0, maxDeadlineMs: 0, maxRequestBytes: 1_000 },
    interceptorsFor: () => [],
  });
  const contracts = await (await readProto(join(import.meta.dirname, "../../.."))).describe("");
  const { services, fileDescriptorSet } = describeRoutes(routes.all, contracts);
  assert.match(services[0]?.comment ?? "", /^UserService /);
  const method = services[0]?.methods.find(({ name }) => name === "GetUser");
  assert.match(method?.comment ?? "", /^GetUser /);
  const files = createFileRegistry(fromBinary(FileDescriptorSetSchema, fileDescriptorSet));
  const rpc = files.getService(UserService.typeName)?.methods.find(({ name }) => name === "GetUser");
  assert.ok(rpc !== undefined);
  assert.equal(commentOf(rpc).join("\n"), method?.comment);
  const without = describeRoutes(routes.all, undefined);
  assert.deepEqual([without.services[0]?.comment, without.services[0]?.methods[0]?.comment], ["", ""]);
});
