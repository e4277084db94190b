import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { Health } from "../../gen/grpc/health/v1/health_pb.ts";
import { startServer } from "../../src/runrpc/server/server.ts";
import type { ServerSettings } from "../../src/runrpc/server/settings.ts";
import { EventService } from "../gen/rig/events/v1/events_pb.ts";
import { UserService } from "../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../part-of-service.ts";
import { memoryStore } from "../runrpc/server/auth/memory-store.ts";
import { transportOf } from "./matrix/calls.ts";
import type { Lane, Protocol } from "./matrix/cells.ts";

const ada = { id: "00000000-0000-4000-8000-000000000001" };
const ways: readonly { readonly protocol: Protocol; readonly httpVersion: "1.1" | "2" }[] = [
  { protocol: "connect", httpVersion: "1.1" },
  { protocol: "grpc", httpVersion: "2" },
  { protocol: "grpc-web", httpVersion: "1.1" },
];

async function start(lane: Lane, limits: ServerSettings["limits"], open = false) {
  const keys = memoryStore();
  const server = await startServer({
    services: [
      partOfService(UserService, { getUser: () => ({}) }),
      partOfService(EventService, {
        async *streamEvents(_request: unknown, { signal }) {
          yield {};
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
      }),
    ],
    keys: open ? "open" : keys,
    server: { host: "127.0.0.1", port: 0, lane, trustedProxies: ["127.0.0.1"] },
    limits,
    timeouts: { drainTimeoutMs: 0 },
  });
  return { server, keys };
}

/** The milliseconds after which an error says to try again: its `google.rpc.RetryInfo` and its `retry-after`. */
function retryMs(error: ConnectError): { readonly detail: number; readonly header: number } {
  const [detail] = error.details;
  assert.ok(detail !== undefined && "type" in detail && detail.type === "google.rpc.RetryInfo");
  // Field 1 is a Duration, behind its tag and its length.
  const { seconds, nanos } = fromBinary(DurationSchema, detail.value.subarray(2));
  const header = Number(error.metadata.get("retry-after")) * 1000;
  return { detail: Number(seconds) * 1000 + nanos / 1e6, header };
}

async function refusalOf(outcome: Promise<unknown>): Promise<ConnectError | undefined> {
  try {
    await outcome;
    return undefined;
  } catch (reason) {
    const error = ConnectError.from(reason);
    assert.equal(error.code, Code.ResourceExhausted, error.message);
    return error;
  }
}

for (const lane of ["auto", "stock"] as const)
  for (const way of ways)
    describe(`limits of a caller, ${way.protocol} over HTTP/${way.httpVersion}, ${lane} lane`, () => {
      it("a key makes so many calls a second, is told when to try again, and others are not touched", async () => {
        const { server, keys } = await start(lane, { callsPerSecond: 1, callsBurst: 2 });
        const users = createClient(UserService, transportOf(way, server.url));
        const call = (key: string) => refusalOf(users.getUser(ada, { headers: { "x-api-key": key } }));
        const scopes = ["*"];
        const [one, other, free] = [
          keys.add({ scopes }),
          keys.add({ scopes }),
          keys.add({ scopes, callsPerSecond: 0 }),
        ];
        assert.deepEqual([await call(one), await call(one)], [undefined, undefined]);
        const refused = await call(one);
        assert.ok(refused !== undefined);
        const { detail, header } = retryMs(refused);
        assert.ok(detail > 0 && detail <= 1000, `${detail} ms`);
        assert.equal(header, 1000);
        assert.equal(await call(other), undefined);
        for (let many = 0; many < 10; many++) assert.equal(await call(free), undefined);
        await server.drain();
      });

      it("a key has so many calls open, by its own limit or the server's, and room again when one ends", async () => {
        const { server, keys } = await start(lane, { maxConcurrentCallsPerKey: 1 });
        const transport = transportOf(way, server.url);
        const events = createClient(EventService, transport);
        const users = createClient(UserService, transport);
        for (const own of [undefined, 2]) {
          const limit = own === undefined ? {} : { maxConcurrentCalls: own };
          const headers = { "x-api-key": keys.add({ scopes: ["*"], ...limit }) };
          const leave = new AbortController();
          for (let open = 0; open < (own ?? 1); open++) {
            const stream = events.streamEvents({}, { headers, signal: leave.signal });
            await stream[Symbol.asyncIterator]().next();
          }
          const refused = await refusalOf(users.getUser(ada, { headers }));
          assert.deepEqual(refused && retryMs(refused), { detail: 1000, header: 1000 });
          leave.abort();
          while (server.stats().calls.open > 0) await new Promise((resolve) => setImmediate(resolve));
          assert.equal(await refusalOf(users.getUser(ada, { headers })), undefined);
        }
        await server.drain();
      });

      it("an address that calls without a key has its own limits, health checks have none", async () => {
        const limits = { callsPerSecond: 1, callsBurst: 1, maxConcurrentCallsPerAddress: 1 };
        const { server } = await start(lane, limits);
        const health = createClient(Health, transportOf(way, server.url));
        const leave = new AbortController();
        const watch = (peer: string) => {
          const stream = health.watch({}, { headers: { "x-forwarded-for": peer }, signal: leave.signal });
          return refusalOf(stream[Symbol.asyncIterator]().next());
        };
        assert.equal(await watch("192.0.2.7"), undefined);
        assert.match(
          String((await watch("192.0.2.7"))?.rawMessage),
          /1 calls of the address 192\.0\.2\.7 are open/,
        );
        assert.equal(await watch("192.0.2.8"), undefined);
        for (let check = 0; check < 5; check++) await health.check({});
        leave.abort();
        while (server.stats().calls.open > 0) await new Promise((resolve) => setImmediate(resolve));
        await server.drain();
      });

      it("where everything is open, every caller is an address", async () => {
        const { server } = await start(lane, { callsPerSecond: 1, callsBurst: 3 }, true);
        const users = createClient(UserService, transportOf(way, server.url));
        const call = (peer: string) =>
          refusalOf(users.getUser(ada, { headers: { "x-forwarded-for": peer } }));
        for (const peer of ["192.0.2.7", "192.0.2.8"]) {
          for (let inside = 0; inside < 3; inside++) assert.equal(await call(peer), undefined);
          assert.notEqual(await call(peer), undefined);
        }
        await server.drain();
      });
    });
