import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { Code, ConnectError, createClient, type HandlerContext, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { Health, HealthCheckResponse_ServingStatus as Status } from "../../gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/grpc/reflection/v1/reflection_pb.ts";
import { type Server, startServer } from "../../src/runrpc/server/server.ts";
import { ChatService } from "../gen/rig/chat/v1/chat_pb.ts";
import { EventService } from "../gen/rig/events/v1/events_pb.ts";
import { UserService } from "../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../part-of-service.ts";
import { memoryStore } from "../runrpc/server/auth/memory-store.ts";
import type { Lane } from "./matrix/cells.ts";

/** Two calls fill the server, two streams its public room. */
const limits = { maxConcurrentCalls: 2, maxPublicStreams: 2, maxPublicStreamsPerAddress: 2 };

const ada = { id: "00000000-0000-4000-8000-000000000001" };
const event = { type: "t" };

interface Tried {
  readonly server: Server;
  readonly good: { readonly headers: { readonly "x-api-key": string } };
  /** The calls that wait in a handler. */
  readonly waiting: () => number;
}

/** A server whose user methods are for callers with keys, and whose event and chat methods are for everybody. */
async function start(lane: Lane, settings: typeof limits = limits): Promise<Tried> {
  const keys = memoryStore();
  let waiting = 0;
  const untilAborted = async ({ signal }: HandlerContext): Promise<void> => {
    waiting++;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    waiting--;
  };
  const hangs = async (_request: unknown, context: HandlerContext) => {
    await untilAborted(context);
    return {};
  };
  const server = await startServer({
    services: [
      partOfService(UserService, { getUser: () => ({ user: { id: "ada" } }), createUser: hangs }),
      {
        ...partOfService(EventService, {
          publishEvent: hangs,
          async *streamEvents(_request: unknown, context: HandlerContext) {
            yield {};
            await untilAborted(context);
          },
        }),
        policy: { isPublic: true },
      },
      {
        ...partOfService(ChatService, {
          async *chat(messages: AsyncIterable<unknown>) {
            for await (const _ of messages) yield {};
          },
        }),
        policy: { isPublic: true },
      },
    ],
    keys,
    server: { host: "127.0.0.1", port: 0, lane, trustedProxies: ["127.0.0.1"] },
    limits: settings,
    timeouts: { drainTimeoutMs: 0 },
  });
  return { server, good: { headers: { "x-api-key": keys.add({ scopes: ["*"] }) } }, waiting: () => waiting };
}

const transports: readonly (readonly [name: string, of: (baseUrl: string) => Transport])[] = [
  ["Connect over HTTP/1.1", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  ["Connect over HTTP/2", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" })],
  ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl })],
  ["gRPC-Web over HTTP/1.1", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
];

async function codeOf(outcome: Promise<unknown>): Promise<string> {
  return outcome.then(
    () => "ok",
    (reason: unknown) => Code[ConnectError.from(reason).code] ?? "?",
  );
}

/** Opens a stream and reads its first message. */
async function opened(stream: AsyncIterable<unknown>): Promise<unknown> {
  const iterator = stream[Symbol.asyncIterator]();
  return (await iterator.next()).value;
}

for (const lane of ["auto", "stock"] as const)
  for (const [name, transportOf] of transports)
    describe(`public calls on the ${lane} lane, ${name}`, () => {
      const ends: (() => Promise<unknown>)[] = [];
      after(() => Promise.all(ends.map((end) => end())));

      async function setUp(settings?: typeof limits) {
        const tried = await start(lane, settings);
        const transport = transportOf(tried.server.url);
        const leave = new AbortController();
        ends.push(async () => {
          leave.abort();
          await tried.server.drain();
        });
        const stream = { signal: leave.signal };
        return {
          ...tried,
          leave,
          stream,
          health: createClient(Health, transport),
          users: createClient(UserService, transport),
          events: createClient(EventService, transport),
          reflection: createClient(ServerReflection, transport),
        };
      }

      it("streams take no room of good keys, nor of health checks, and get theirs back when they end", async () => {
        const { server, health, users, stream, good, leave } = await setUp();
        for (let open = 0; open < 2; open++) await opened(health.watch({}, stream));
        assert.equal(await codeOf(opened(health.watch({}, stream))), "ResourceExhausted");
        assert.equal((await health.check({})).status, Status.SERVING);
        assert.equal(await codeOf(users.getUser(ada, good)), "ok");
        leave.abort();
        while (server.stats().calls.open > 0) await new Promise((resolve) => setImmediate(resolve));
        const again = new AbortController();
        await opened(health.watch({}, { signal: again.signal }));
        again.abort();
      });

      it("unary calls that hang have a room of their own, too", async () => {
        const { health, users, events, stream, good, waiting } = await setUp();
        const hanging = [1, 2].map(() => codeOf(events.publishEvent(event, stream)));
        while (waiting() < 2) await new Promise((resolve) => setImmediate(resolve));
        assert.equal(await codeOf(events.publishEvent(event)), "ResourceExhausted");
        await opened(health.watch({}, stream));
        assert.equal(await codeOf(health.check({})), "ok");
        assert.equal(await codeOf(users.getUser(ada, good)), "ok");
        assert.equal(hanging.length, 2);
      });

      it("each address has its own share, behind a trusted proxy as well", async () => {
        const { health, stream } = await setUp({ ...limits, maxPublicStreams: 3, maxConcurrentCalls: 3 });
        const from = (address: string) => ({ ...stream, headers: { "x-forwarded-for": address } });
        for (let open = 0; open < 2; open++) await opened(health.watch({}, from("192.0.2.7")));
        assert.equal(await codeOf(opened(health.watch({}, from("192.0.2.7")))), "ResourceExhausted");
        await opened(health.watch({}, from("192.0.2.8")));
        assert.equal(await codeOf(opened(health.watch({}, from("192.0.2.9")))), "ResourceExhausted");
      });

      it("health checks have room when calls with keys have filled the server", async () => {
        const { health, users, stream, good, waiting } = await setUp();
        const hangs = { ...stream, ...good };
        const user = { email: "ada@example.com", displayName: "Ada" };
        const hanging = [1, 2].map(() => codeOf(users.createUser(user, hangs)));
        while (waiting() < 2) await new Promise((resolve) => setImmediate(resolve));
        assert.equal(await codeOf(users.getUser(ada, good)), "ResourceExhausted");
        assert.equal((await health.check({})).status, Status.SERVING);
        assert.equal((await health.check({}, good)).status, Status.SERVING);
        assert.equal(await codeOf(users.getUser(ada, good)), "ResourceExhausted");
        assert.equal(hanging.length, 2);
      });
    });

for (const lane of ["auto", "stock"] as const)
  it(`reflection and bidirectional streams without a key are public streams on the ${lane} lane`, async () => {
    const { server, good } = await start(lane);
    const transport = createGrpcTransport({ baseUrl: server.url });
    const leave = new AbortController();
    const lasting = async function* <T>(first: T) {
      yield first;
      await new Promise((resolve) => leave.signal.addEventListener("abort", resolve));
    };
    const options = { signal: leave.signal };
    const listed = lasting({ messageRequest: { case: "listServices" as const, value: "" } });
    await opened(createClient(ServerReflection, transport).serverReflectionInfo(listed, options));
    const chat = () => lasting({ room: "lobby", text: "Hello" });
    await opened(createClient(ChatService, transport).chat(chat(), options));
    const third = opened(createClient(ChatService, transport).chat(chat(), options));
    assert.equal(await codeOf(third), "ResourceExhausted");
    assert.equal(await codeOf(createClient(UserService, transport).getUser(ada, good)), "ok");
    leave.abort();
    await server.drain();
  });
