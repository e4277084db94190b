import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import type { CallRecord } from "../../src/runrpc/server/call/record.ts";
import { type Server, startServer } from "../../src/runrpc/server/server.ts";
import { UserService } from "../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../part-of-service.ts";
import { memoryStore } from "../runrpc/server/auth/memory-store.ts";
import { transportOf } from "./matrix/calls.ts";
import type { Lane, Protocol } from "./matrix/cells.ts";

const ada = { id: "00000000-0000-4000-8000-000000000001" };

async function start(lane: Lane, trustedProxies: string[]) {
  const keys = memoryStore();
  const records: CallRecord[] = [];
  const server = await startServer({
    services: [partOfService(UserService, { getUser: () => ({}) })],
    keys,
    server: { host: "127.0.0.1", port: 0, lane, trustedProxies },
    onRecord: (record) => records.push(record),
  });
  const scopes = ["*"];
  return {
    server,
    records,
    good: keys.add({ scopes }),
    development: keys.add({ scopes, loopbackOnly: true }),
  };
}

const ways: readonly { readonly protocol: Protocol; readonly httpVersion: "1.1" | "2" }[] = [
  { protocol: "connect", httpVersion: "1.1" },
  { protocol: "connect", httpVersion: "2" },
  { protocol: "grpc", httpVersion: "2" },
];

for (const lane of ["auto", "stock"] as const)
  for (const way of ways)
    describe(`a call through a proxy, ${way.protocol} over HTTP/${way.httpVersion}, ${lane} lane`, () => {
      let behind: Awaited<ReturnType<typeof start>>;
      let bare: Awaited<ReturnType<typeof start>>;
      before(async () => {
        behind = await start(lane, ["127.0.0.0/8"]);
        bare = await start(lane, []);
      });
      after(() => Promise.all([behind.server.drain(), bare.server.drain()]));

      async function call(server: Server, key: string, headers: Record<string, string>): Promise<string> {
        const users = createClient(UserService, transportOf(way, server.url));
        return users.getUser(ada, { headers: { "x-api-key": key, ...headers } }).then(
          () => "ok",
          (reason: unknown) => Code[ConnectError.from(reason).code] ?? "?",
        );
      }

      it("is recorded with the address of its client when the proxy is trusted, else with the proxy's", async () => {
        const chain = { "x-forwarded-for": "203.0.113.9, 192.0.2.7" };
        const element = { forwarded: 'for=203.0.113.9, for="[2001:db8::7]:443"' };
        for (const { server, good } of [behind, bare]) {
          assert.equal(await call(server, good, chain), "ok");
          assert.equal(await call(server, good, element), "ok");
          assert.equal(await call(server, good, {}), "ok");
          await server.drain();
        }
        assert.deepEqual(
          [behind, bare].map(({ records }) => records.map(({ peer }) => peer)),
          [
            ["192.0.2.7", "2001:db8::7", "127.0.0.1"],
            ["127.0.0.1", "127.0.0.1", "127.0.0.1"],
          ],
        );
      });
    });

for (const lane of ["auto", "stock"] as const)
  describe(`a development key on the ${lane} lane`, () => {
    for (const trustedProxies of [[], ["127.0.0.1"]])
      it(`is refused with any forwarding header, with ${trustedProxies.length} trusted proxies`, async () => {
        const { server, development } = await start(lane, trustedProxies);
        for (const way of ways) {
          const users = createClient(UserService, transportOf(way, server.url));
          const key = { "x-api-key": development };
          await users.getUser(ada, { headers: key });
          for (const header of ["x-forwarded-for", "forwarded", "x-real-ip", "via", "x-forwarded-proto"]) {
            // A proxy that calls from this machine, for a client that says it is on it.
            const headers = { ...key, [header]: header === "forwarded" ? "for=127.0.0.1" : "127.0.0.1" };
            await assert.rejects(users.getUser(ada, { headers }), { code: Code.Unauthenticated }, header);
          }
        }
        await server.drain();
      });
  });

it("a list of proxies that cannot be read stops the start, and is named", async () => {
  await assert.rejects(start("auto", ["10.0.0.0/33"]), /server\.trusted_proxies: "10\.0\.0\.0\/33"/);
});
