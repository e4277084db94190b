import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { defineApp } from "runrpc";
import { startTestApp } from "runrpc/testing";
import { DebugService, TakeProfileRequest_Kind } from "../../../gen/runrpc/monitor/v1/debug_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";
import type { Modules } from "./slow/worker.ts";

const sentinel = Promise.withResolvers<void>();

/** A million numbers take SQLite far more than the ten milliseconds from which a query is slow here. */
const MANY = 1_000_000;

const definition = defineApp<Modules>({
  services: ({ queries }) => [
    partOfService(UserService, {
      async getUser(_request, { signal }) {
        await queries.numbers.count({ to: MANY }, { signal });
        return {};
      },
      async listUsers({ pageToken }) {
        if (pageToken === "forgotten") void queries.numbers.count({ to: 2 });
        else if (pageToken === "held") void queries.numbers.count({ to: 2 }).catch(() => {});
        else if (pageToken === "waits") await sentinel.promise;
        else await Promise.all([queries.numbers.count({ to: 2 }), queries.numbers.count({ to: 3 })]);
        return {};
      },
    }),
  ],
  worker: new URL("./slow/worker.ts", import.meta.url),
});

const config = { "server.debug": "true", "debug.slow_ms": "10", "debug.block_ms": "20000" };

describe("debug mode of an application", () => {
  it("names a query that nobody awaited when its call ended, by its line; one that somebody waits for is none", async () => {
    await using app = await startTestApp(definition, { config });
    const { listUsers } = app.client(UserService);
    for (const pageToken of ["held", ""]) await listUsers({ pageToken });
    assert.equal(app.app.stats().findings.query_not_awaited, undefined);
    await listUsers({ pageToken: "forgotten" }, { headers: { "x-request-id": "forgotten-1" } });
    const { findings } = await app.client(DebugService).listFindings({});
    const found = findings.find(({ kind }) => kind === "query_not_awaited");
    assert.match(found?.text ?? "", /^the query numbers\.count was not awaited/);
    assert.match(found?.place ?? "", /^test\/runrpc\/debug\/app\.test\.ts:\d+ \(listUsers\)$/);
    assert.ok(found?.stack.includes(found.place) && found.stack.length > 1, found?.stack.join("\n"));
    assert.deepEqual(
      [found?.method, found?.requestId],
      ["rig.users.v1.UserService/ListUsers", "forgotten-1"],
    );
  });

  it("names a slow query with its queue and its worker, and the slow call that waited for it", async () => {
    await using app = await startTestApp(definition, { config });
    const id = "4be0643f-1d98-573b-97cd-ca98a65347dd";
    await app.client(UserService).getUser({ id }, { headers: { "x-request-id": "slow-1" } });
    const { findings } = await app.client(DebugService).listFindings({});
    const query = findings.find(({ kind }) => kind === "slow_query");
    assert.match(
      query?.text ?? "",
      /numbers\.count took \d+ ms: \d+ ms in the store's queue, \d+ ms in its worker/,
    );
    assert.equal(query?.requestId, "slow-1");
    const call = findings.find(({ kind }) => kind === "slow_call");
    assert.match(call?.text ?? "", /most of it the query numbers\.count/);
    assert.equal(call?.requestId, "slow-1");
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
