import assert from "node:assert/strict";
import { Http2ServerRequest } from "node:http2";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { queryObjects } from "node:v8";
import type { HandlerContext } from "@connectrpc/connect";
import { callKey } from "../../../../../src/runrpc/server/lanes/stock/stock-call.ts";
import { startServer } from "../../../../../src/runrpc/server/server.ts";
import { createClient } from "../../../../abuse/post.ts";
import { UserService } from "../../../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../../../part-of-service.ts";

test("from the context of a handler that never ends nothing leads to the exchange with its client", async (t) => {
  const kept: HandlerContext[] = [];
  const server = await startServer({
    keys: "open",
    services: [
      partOfService(UserService, {
        listUsers: (_request, context) => new Promise(() => kept.push(context)),
        async *streamUsers(_request, context) {
          yield {};
          await new Promise(() => kept.push(context));
        },
      }),
    ],
    server: { host: "127.0.0.1", port: 0, lane: "stock" },
    timeouts: { drainTimeoutMs: 0 },
  });
  t.after(() => server.drain());
  for (const version of ["1.1", "2"] as const)
    for (const [method, type, body] of [
      ["ListUsers", "application/proto", Buffer.alloc(0)],
      ["StreamUsers", "application/connect+proto", Buffer.alloc(5)],
    ] as const) {
      const client = createClient(server.port, version);
      const path = `/${UserService.typeName}/${method}`;
      await client.post({ path, headers: { "content-type": type, "connect-timeout-ms": "1000" }, body });
      client.close();
    }
  // Calls that are left behind are counted so after a second.
  for (let look = 0; server.stats().calls.abandoned < 4; look++) {
    assert.ok(look < 3_000, `${server.stats().calls.abandoned} of 4 handlers were left behind`);
    await delay(10);
  }
  for (const { values } of kept) {
    const { call, adapter, answered } = values.get(callKey) ?? assert.fail("it has no call");
    assert.deepEqual([call.follower, adapter, answered], [undefined, undefined, undefined]);
  }
  assert.equal(kept.length, 4);
});

test("a handler that waits for ever for something that lives keeps no request of node:http2", async (t) => {
  const never = new Promise<never>(() => {});
  const server = await startServer({
    keys: "open",
    services: [
      partOfService(UserService, {
        listUsers: () => never,
        async *streamUsers() {
          yield await never;
        },
      }),
    ],
    server: { host: "127.0.0.1", port: 0, lane: "stock" },
    timeouts: { drainTimeoutMs: 0 },
  });
  t.after(() => server.drain());
  for (const [method, type, body] of [
    ["ListUsers", "application/proto", Buffer.alloc(0)],
    ["StreamUsers", "application/connect+proto", Buffer.alloc(5)],
  ] as const) {
    const client = createClient(server.port, "2");
    const path = `/${UserService.typeName}/${method}`;
    await client.post({ path, headers: { "content-type": type, "connect-timeout-ms": "200" }, body });
    client.close();
  }
  for (let look = 0; server.stats().calls.abandoned < 2; look++) {
    assert.ok(look < 3_000, `${server.stats().calls.abandoned} of 2 handlers were left behind`);
    await delay(10);
  }
  const requests = (): unknown => queryObjects(Http2ServerRequest, { format: "summary" }); // it collects garbage
  for (let look = 0; look < 20 && (requests() as readonly string[]).length > 0; look++) await delay(50);
  assert.deepEqual(requests(), []);
  assert.ok(never instanceof Promise); // it lives until here
});
