import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { defineApp } from "runrpc";
import type { QueriesOf } from "runrpc/query";
import { collect, startTestApp, type TestApp } from "runrpc/testing";
import { DebugService, TakeProfileRequest_Kind } from "../../../gen/runrpc/monitor/v1/debug_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";
import type { slowQueries } from "./slow/queries.ts";
import type { Modules } from "./slow/worker.ts";

const sentinel = Promise.withResolvers<void>();

/** A million numbers take SQLite far more than the ten milliseconds from which a query is slow here. */
const MANY = 1_000_000;

type Numbers = QueriesOf<typeof slowQueries>;

/** What a handler does, as `x-deed` says. */
const deeds = {
  none() {},
  forgotten(numbers: Numbers) {
    void numbers.count({ to: 2 });
  },
  slow: (numbers: Numbers) => numbers.count({ to: MANY }),
};

const deedOf = ({ requestHeader }: HandlerContext) =>
  (requestHeader.get("x-deed") ?? "none") as keyof typeof deeds; // as the tests say it

const definition = defineApp<Modules>({
  services: ({ queries }) => [
    partOfService(UserService, {
      async getUser(_request, context) {
        await deeds[deedOf(context)](queries.numbers);
        return {};
      },
      async listUsers({ pageToken }, context) {
        await delay(1);
        await deeds[deedOf(context)](queries.numbers);
        if (pageToken === "held") void queries.numbers.count({ to: 2 }).catch(() => {});
        else if (pageToken === "waits") await sentinel.promise;
        else if (pageToken === "")
          await Promise.all([queries.numbers.count({ to: 2 }), queries.numbers.count({ to: 3 })]);
        return {};
      },
      async *streamUsers(_request, context) {
        yield {};
        await delay(1);
        await deeds[deedOf(context)](queries.numbers);
        yield {};
      },
    }),
  ],
  worker: new URL("./slow/worker.ts", import.meta.url),
});

const PLACES = [
  ["GetUser", "before an await"],
  ["ListUsers", "after an await"],
  ["StreamUsers", "in a stream"],
] as const;

/** Makes a call in which a handler does a deed, and gives what is told of it. */
async function findingOf(app: TestApp, method: (typeof PLACES)[number][0], deed: string, kind: string) {
  const { getUser, listUsers, streamUsers } = app.client(UserService);
  const requestId = `${deed}-${method}`;
  const options = { headers: { "x-request-id": requestId, "x-deed": deed } };
  if (method === "GetUser") await getUser({ id: "4be0643f-1d98-573b-97cd-ca98a65347dd" }, options);
  else if (method === "ListUsers") await listUsers({ pageToken: "none" }, options);
  else await collect(streamUsers({}, options));
  const { findings } = await app.client(DebugService).listFindings({});
  const found = findings.find((each) => each.kind === kind && each.requestId === requestId);
  assert.equal(found?.method, `rig.users.v1.UserService/${method}`);
  return found;
}

const config = { "server.debug": "true", "debug.slow_ms": "10", "debug.block_ms": "20000" };

describe("debug mode of an application", () => {
  it("names a query that nobody awaited when its call ended, by its line; one that somebody waits for is none", async () => {
    await using app = await startTestApp(definition, { config });
    const { listUsers } = app.client(UserService);
    for (const pageToken of ["held", ""]) await listUsers({ pageToken });
    assert.equal(app.app.stats().findings.query_not_awaited, undefined);
    for (const [method, where] of PLACES) {
      const found = await findingOf(app, method, "forgotten", "query_not_awaited");
      assert.match(found?.text ?? "", /^the query numbers\.count was not awaited/, where);
      assert.match(found?.place ?? "", /^test\/runrpc\/debug\/app\.test\.ts:\d+ \(forgotten\)$/);
      assert.ok(found?.stack.includes(found.place) && found.stack.length > 1, found?.stack.join("\n"));
    }
  });

  for (const [method, where] of PLACES)
    it(`names a slow query ${where} (${method}) with its queue and its worker, and the slow call that waited for it`, async () => {
      await using app = await startTestApp(definition, { config });
      const query = await findingOf(app, method, "slow", "slow_query");
      assert.match(
        query?.text ?? "",
        /numbers\.count took \d+ ms: \d+ ms in the store's queue, \d+ ms in its worker/,
      );
      assert.match(query?.place ?? "", /^test\/runrpc\/debug\/app\.test\.ts:\d+ \(slow\)$/);
      // A stream may stay open for as long as it likes.
      if (method === "StreamUsers") return;
      const { findings } = await app.client(DebugService).listFindings({});
      const call = findings.find(({ kind }) => kind === "slow_call");
      assert.match(call?.text ?? "", /most of it the query numbers\.count/);
      assert.deepEqual([call?.requestId, call?.method], [query?.requestId, query?.method]);
      assert.ok((call?.totalMs ?? 0) >= 10);
    });

  it("shows the open calls: who, for how long, what they wait for", async () => {
    await using app = await startTestApp(definition, { config });
    const waits = app
      .client(UserService)
      .listUsers({ pageToken: "waits" }, { headers: { "x-request-id": "waits-1" } });
    const mine = async () => {
      const { calls } = await app.client(DebugService).listOpenCalls({});
      return calls.find(({ requestId, waitsFor }) => requestId === "waits-1" && waitsFor === "its handler");
    };
    let shown = await mine();
    while (shown === undefined) shown = await mine();
    assert.deepEqual([shown.method, shown.messagesIn], ["rig.users.v1.UserService/ListUsers", 1n]);
    assert.notEqual(shown.caller, "");
    sentinel.resolve();
    await waits;
  });

  it("takes a CPU profile and a heap snapshot, one at a time", async () => {
    await using app = await startTestApp(definition, { config });
    const client = app.client(DebugService);
    const file = async (request: { kind?: TakeProfileRequest_Kind; seconds?: number }) => {
      const pieces: Uint8Array[] = [];
      for await (const { piece } of client.takeProfile(request)) pieces.push(piece);
      return JSON.parse(Buffer.concat(pieces).toString()) as Record<string, unknown>;
    };
    const profile = file({ seconds: 1 });
    let refused: unknown;
    while (refused === undefined && (await isRunning(app.client(DebugService))))
      await file({ seconds: 1 }).catch((error: unknown) => {
        refused = error;
      });
    assert.equal(ConnectError.from(refused).code, Code.ResourceExhausted);
    assert.ok(Array.isArray((await profile).nodes));
    const heap = await file({ kind: TakeProfileRequest_Kind.HEAP });
    assert.ok("snapshot" in heap && "strings" in heap);
    assert.equal(app.app.stats().findings.slow_call, undefined);
  });

  it("asks for the scope admin, and is not there without debug mode", async () => {
    await using app = await startTestApp(definition, { config });
    const key = await app.createKey({ scopes: ["users.read"] });
    await assert.rejects(app.client(DebugService, { key }).listFindings({}), {
      code: Code.PermissionDenied,
    });
    await using other = await startTestApp(definition);
    await assert.rejects(other.client(DebugService).listFindings({}), { code: Code.Unimplemented });
    assert.equal(other.app.openCalls, undefined);
    assert.deepEqual(other.app.stats().findings, {});
  });
});

async function isRunning(client: {
  listOpenCalls(request: object): Promise<{ calls: { method: string }[] }>;
}) {
  const { calls } = await client.listOpenCalls({});
  return calls.some(({ method }) => method.endsWith("/TakeProfile"));
}
