// What `log.requests` keeps of calls, by every kind of method and both lanes, as GetCall tells it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { defineApp, defineService, threaded } from "runrpc";
import { startTestApp, type TestApp } from "runrpc/testing";
import { type GetCallResponse, MonitorService } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { codecs } from "../../gen/codecs.ts";
import { SecretService } from "../../gen/rig/secrets/v1/secrets_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";

const definition = defineApp({
  codecs,
  services: () => [
    defineService(SecretService, {
      put({ account }) {
        // A handler that changes its request changes nothing of what is kept.
        if (account !== undefined) account.name = "changed";
        throw new ConnectError("nobody", Code.NotFound);
      },
      async *watch() {
        yield {};
      },
      async pour(requests) {
        await Array.fromAsync(requests);
        return {};
      },
      async *talk(requests) {
        yield* (await Array.fromAsync(requests)).map(() => ({}));
      },
    }),
  ],
});

const account = { name: "a", password: "hunter2", tokens: { a: "hunter2" } };

/** The call with this request id, once it is in the request log. */
async function logged(app: TestApp, requestId: string): Promise<GetCallResponse> {
  const { listCalls, getCall } = app.client(MonitorService);
  const giveUpAtMs = performance.now() + 30_000;
  for (;;) {
    const { calls } = await listCalls({ requestId });
    const [call] = calls;
    if (call !== undefined) return getCall({ id: call.id });
    assert.ok(performance.now() < giveUpAtMs, `${requestId} is not in the request log`);
  }
}

for (const lane of ["auto", "stock"])
  describe(`requests that are kept, lane ${lane}`, () => {
    const config = { "server.lane": lane, "log.mode": "all" };

    it("of all kinds of methods the first one, without what is sensitive", async () => {
      await using app = await startTestApp(definition, { config: { ...config, "log.requests": "true" } });
      const client = app.client(SecretService);
      const named = (id: string) => ({ headers: { "x-request-id": id } });
      async function* requests() {
        yield { account };
        yield { account: { name: "second" } };
      }
      await assert.rejects(client.put({ account }, named("put")), { code: Code.NotFound });
      await Array.fromAsync(client.watch({ account }, named("watch")));
      await client.pour(requests(), named("pour"));
      await Array.fromAsync(client.talk(requests(), named("talk")));
      for (const id of ["put", "watch", "pour", "talk"]) {
        const { requestJson, requestNote } = await logged(app, id);
        assert.deepEqual(JSON.parse(requestJson), { account: { name: "a" } }, id);
        assert.equal(requestNote, "left out: account.password, account.tokens", id);
      }
      // A request that breaks a rule is kept as well: it is what one looks for.
      await assert.rejects(client.put({}, named("broken")), { code: Code.InvalidArgument });
      assert.equal((await logged(app, "broken")).requestJson, "{}");
      // The server's own services are not the application's.
      await app.client(MonitorService).listKeys({}, named("keys"));
      assert.deepEqual((await logged(app, "keys")).requestJson, "");
      assert.ok(app.records.every(({ error }) => !error.includes("hunter2")));
    });

    it("one that is too long is not, and says so; without the setting there is nothing of it", async () => {
      const bounded = { "log.requests": "true", "log.max_kept_request_bytes": "100" };
      await using app = await startTestApp(definition, { config: { ...config, ...bounded } });
      const long = { account: { name: "x".repeat(100) } };
      const headers = { "x-request-id": "long" };
      await Array.fromAsync(app.client(SecretService).watch(long, { headers }));
      const { requestJson, requestNote } = await logged(app, "long");
      assert.deepEqual([requestJson, requestNote], ["", "not kept: it is longer than 100 bytes as JSON"]);
      await using without = await startTestApp(definition, { config });
      await Array.fromAsync(without.client(SecretService).watch({ account }, { headers }));
      const call = await logged(without, "long");
      assert.deepEqual([call.requestJson, call.requestNote], ["", ""]);
      assert.ok(without.records.every((record) => !("request" in record)));
    });
  });

it("those of handlers in threads are kept as well, whose requests nobody decodes otherwise", async () => {
  const inThreads = defineApp({
    services: () => [
      threaded(UserService, new URL("../threads/handlers/users.ts", import.meta.url), { threads: 1 }),
    ],
  });
  const config = { "log.mode": "all", "log.requests": "true" };
  await using app = await startTestApp(inThreads, { config });
  const request = { id: "4be0643f-1d98-573b-97cd-ca98a65347dd" };
  const { user } = await app.client(UserService).getUser(request, { headers: { "x-request-id": "thread" } });
  assert.notEqual(user?.displayName, "0", "the handler ran on the main thread");
  assert.deepEqual(JSON.parse((await logged(app, "thread")).requestJson), request);
});

it("requests that could not be kept stop the start", async () => {
  for (const config of [
    { "log.requests": "true", "log.table": "false" },
    { "log.requests": "true", "log.mode": "off" },
  ])
    await assert.rejects(
      startTestApp(definition, { config }),
      /log\.table has to be true, and log\.mode not off/,
    );
});
