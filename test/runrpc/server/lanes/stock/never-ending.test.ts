import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
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
