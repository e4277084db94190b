import assert from "node:assert/strict";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { Code, ConnectError, createClient, createHandlerContext } from "@connectrpc/connect";
import { connectNodeAdapter, createGrpcTransport } from "@connectrpc/connect-node";
import {
  type HealthCheckResponse,
  Health as HealthService,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../../gen/grpc/health/v1/health_pb.ts";
import {
  createHealth,
  type Health,
  type HealthOptions,
} from "../../../../src/runrpc/server/builtin/health.ts";
import { listLog, settled } from "../auth/memory-store.ts";

const USERS = "rig.users.v1.UserService";
const CHAT = "rig.chat.v1.ChatService";
const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = Status;
const never = new AbortController().signal;

function setUp(t: TestContext, changes: Partial<HealthOptions> = {}) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const log = listLog();
  const health = createHealth({ services: [USERS, CHAT], log, ...changes });
  return {
    health,
    log,
    async pass(ms: number) {
      t.mock.timers.tick(ms);
      await settled();
    },
  };
}

/** A database: what a probe finds can be set, and its questions are counted. */
function database() {
  const state = {
    asked: 0,
    outcome: (): Promise<void> => Promise.resolve(),
    probe(_signal: AbortSignal): Promise<void> {
      state.asked += 1;
      return state.outcome();
    },
  };
  return state;
}

/** One Watch, read by hand: what it says, in order. */
function watch(t: TestContext, health: Health, service: string) {
  const call = new AbortController();
  t.after(() => call.abort());
  const context = createHandlerContext({
    service: HealthService,
    method: HealthService.method.watch,
    protocolName: "grpc",
    requestMethod: "POST",
    url: "http://localhost/grpc.health.v1.Health/Watch",
    requestSignal: call.signal,
  });
  // The definition drops the types that createHealth gave it.
  const { watch: method } = health.definition.implementation as unknown as Record<
    "watch",
    (request: { service: string }, context: unknown) => AsyncGenerator<HealthCheckResponse>
  >;
  const stream = method({ service }, context);
  return {
    call,
    stream,
    async next(): Promise<Status | undefined> {
      const { value } = await stream.next();
      return value?.status;
    },
  };
}

/** Serves health on a port of its own. */
async function client(t: TestContext, { definition }: Health) {
  const server = createServer(
    connectNodeAdapter({
      routes(router) {
        // defineService held the implementation against the service.
        router.service(definition.service, definition.implementation as never);
      },
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  // A TCP server's address is never a pipe name.
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return createClient(HealthService, createGrpcTransport({ baseUrl }));
}

test("Check tells the state of a service and of all, and NOT_FOUND of others", async (t) => {
  const health = createHealth({ services: [USERS, CHAT] });
  const { check } = await client(t, health);
  health.set(CHAT, "not_serving");
  const states = await Promise.all([USERS, CHAT, ""].map((service) => check({ service })));
  assert.deepEqual(
    states.map(({ status }) => status),
    [SERVING, NOT_SERVING, NOT_SERVING],
  );
  await assert.rejects(check({ service: "no.Such" }), { code: Code.NotFound });
  health.set(CHAT, "serving");
  assert.equal((await check({})).status, SERVING);
});

test("List tells the state of each service and of all", async (t) => {
  const health = createHealth({ services: [USERS, CHAT] });
  const { list } = await client(t, health);
  health.set(CHAT, "not_serving");
  const { statuses } = await list({});
  assert.deepEqual(
    Object.fromEntries(Object.entries(statuses).map(([service, { status }]) => [service, status])),
    { "": NOT_SERVING, [USERS]: SERVING, [CHAT]: NOT_SERVING },
  );
});

test("who looks at it again and again is told each service, and has the probe run meanwhile", async () => {
  let probes = 0;
  const health = createHealth({
    services: [USERS, CHAT],
    probe: async () => void probes++,
    probeCacheMs: 0,
    watchProbeMs: 1,
  });
  const look = await health.follow(new AbortController().signal);
  assert.deepEqual(look.serving(), { [USERS]: true, [CHAT]: true });
  health.set(CHAT, "not_serving");
  assert.deepEqual(look.serving(), { [USERS]: true, [CHAT]: false });
  const giveUpAtMs = performance.now() + 30_000;
  while (probes < 3) {
    assert.ok(performance.now() < giveUpAtMs, `${probes} probes`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  look.close();
  health.drain();
  assert.deepEqual(look.serving(), { [USERS]: false, [CHAT]: false });
});

test("Watch over the wire tells the state at once and each change, until the client leaves", async (t) => {
  const health = createHealth({ services: [USERS, CHAT] });
  const { watch } = await client(t, health);
  const seen: Status[] = [];
  const leave = new AbortController();
  const reading = (async () => {
    for await (const { status } of watch({ service: USERS }, { signal: leave.signal })) {
      seen.push(status);
      if (seen.length === 1) health.set(USERS, "not_serving");
      if (seen.length === 2) leave.abort();
    }
  })();
  await assert.rejects(reading, { code: Code.Canceled });
  assert.deepEqual(seen, [SERVING, NOT_SERVING]);
});

test("Watch says nothing when its own service does not change", async (t) => {
  const { health } = setUp(t);
  const watcher = watch(t, health, USERS);
  assert.equal(await watcher.next(), SERVING);
  const next = watcher.next();
  health.set(CHAT, "not_serving");
  await settled();
  health.set(USERS, "serving");
  await settled();
  health.set(USERS, "not_serving");
  assert.equal(await next, NOT_SERVING);
});

test("Watch of all changes with any of them", async (t) => {
  const { health } = setUp(t);
  const watcher = watch(t, health, "");
  assert.equal(await watcher.next(), SERVING);
  health.set(CHAT, "not_serving");
  assert.equal(await watcher.next(), NOT_SERVING);
});

test("Watch of an unknown service says so and stays open", async (t) => {
  const { health } = setUp(t);
  const watcher = watch(t, health, "no.Such");
  assert.equal(await watcher.next(), SERVICE_UNKNOWN);
  let isOver = false;
  void watcher.stream.next().then(
    () => (isOver = true),
    () => (isOver = true),
  );
  health.set(USERS, "not_serving");
  await settled();
  assert.equal(isOver, false);
});

test("a slow reader of Watch gets the latest state only", async (t) => {
  const { health } = setUp(t);
  const watcher = watch(t, health, USERS);
  assert.equal(await watcher.next(), SERVING);
  for (let change = 0; change < 100; change += 1) {
    health.set(USERS, "not_serving");
    health.set(USERS, "serving");
  }
  health.set(USERS, "not_serving");
  assert.equal(await watcher.next(), NOT_SERVING);
  const next = watcher.next();
  health.set(USERS, "serving");
  assert.equal(await next, SERVING);
});

test("Watch ends with the reason of its signal", async (t) => {
  const { health } = setUp(t);
  const watcher = watch(t, health, USERS);
  await watcher.next();
  const next = watcher.next();
  watcher.call.abort(new ConnectError("bye", Code.Aborted));
  await assert.rejects(next, { code: Code.Aborted });
});

test("Watch has no deadline, and health needs no key", (t) => {
  const { policy } = setUp(t).health.definition;
  assert.deepEqual(policy, { isPublic: true, maxDeadlineMs: 0 });
});

test("setting a service that is not served is an error", (t) => {
  const { health } = setUp(t);
  for (const service of ["no.Such", ""]) assert.throws(() => health.set(service, "serving"), /no service/);
});

test("while the probe fails nothing serves, and it is logged when it begins and when it ends", async (t) => {
  const db = database();
  const { health, log, pass } = setUp(t, { probe: db.probe });
  assert.equal(await health.check(never), true);
  db.outcome = () => Promise.reject(new Error("gone"));
  for (let second = 0; second < 3; second += 1) {
    await pass(1000);
    assert.equal(await health.check(never), false);
  }
  assert.equal(await watch(t, health, USERS).next(), NOT_SERVING);
  db.outcome = () => Promise.resolve();
  await pass(1000);
  assert.equal(await health.check(never), true);
  assert.deepEqual(log.lines, [
    "error: the health probe fails: not serving",
    "info: the health probe passes again: serving",
  ]);
});

test("a probe that throws at once is one that fails", async (t) => {
  const { health } = setUp(t, {
    probe() {
      throw new Error("not open");
    },
  });
  assert.equal(await health.check(never), false);
});

test("a probe that gives what only has a `then` passes", async (t) => {
  // biome-ignore lint/suspicious/noThenProperty: as the queries of some libraries have it
  const probe = () => ({ then: (give: (value: undefined) => void) => give(undefined) }) as Promise<void>;
  const { health } = setUp(t, { probe });
  assert.equal(await health.check(never), true);
});

test("checks share one probe, and its outcome for a second", async (t) => {
  const db = database();
  const { health, pass } = setUp(t, { probe: db.probe });
  await Promise.all(Array.from({ length: 10 }, () => health.check(never)));
  await pass(999);
  await health.check(never);
  assert.equal(db.asked, 1);
  await pass(1);
  await health.check(never);
  assert.equal(db.asked, 2);
});

test("a probe that does not answer has failed after 2 seconds, and its signal says so", async (t) => {
  let given: AbortSignal | undefined;
  const { health, pass } = setUp(t, {
    probe(signal) {
      given = signal;
      return new Promise(() => {});
    },
  });
  const check = health.check(never);
  await pass(1999);
  assert.equal(given?.aborted, false);
  await pass(1);
  assert.equal(await check, false);
  assert.equal(given?.aborted, true);
});

test("one who stops waiting for the probe does not stop it for the others", async (t) => {
  const db = database();
  const { promise, resolve } = Promise.withResolvers<void>();
  db.outcome = () => promise;
  const { health } = setUp(t, { probe: db.probe });
  const impatient = new AbortController();
  const left = health.check(impatient.signal);
  const patient = health.check(never);
  impatient.abort(new Error("tired"));
  await assert.rejects(left, /tired/);
  resolve();
  assert.equal(await patient, true);
});

test("a database that goes away is told to watchers within 5 seconds, and so is its return", async (t) => {
  const db = database();
  const { health, pass } = setUp(t, { probe: db.probe });
  const watcher = watch(t, health, USERS);
  assert.equal(await watcher.next(), SERVING);
  db.outcome = () => Promise.reject(new Error("gone"));
  let next = watcher.next();
  await pass(5000);
  assert.equal(await next, NOT_SERVING);
  db.outcome = () => Promise.resolve();
  next = watcher.next();
  await pass(5000);
  assert.equal(await next, SERVING);
});

test("without watchers the probe does not run by itself", async (t) => {
  const db = database();
  const { health, pass } = setUp(t, { probe: db.probe });
  const one = watch(t, health, USERS);
  const two = watch(t, health, CHAT);
  await Promise.all([one.next(), two.next()]);
  await one.stream.return(undefined);
  await pass(5000);
  assert.equal(db.asked, 2);
  await two.stream.return(undefined);
  for (let turn = 0; turn < 3; turn += 1) await pass(5000);
  assert.equal(db.asked, 2);
});

test("a watcher that leaves while the probe runs leaves no timer behind", async (t) => {
  const db = database();
  const { health, pass } = setUp(t, { probe: db.probe });
  const watcher = watch(t, health, USERS);
  await watcher.next();
  const { promise, resolve } = Promise.withResolvers<void>();
  db.outcome = () => promise;
  await pass(5000);
  await watcher.stream.return(undefined);
  resolve();
  await settled();
  for (let turn = 0; turn < 3; turn += 1) await pass(5000);
  assert.equal(db.asked, 2);
});

test("drain tells every watcher NOT_SERVING, then ends it with unavailable", async (t) => {
  const { health } = setUp(t);
  const watchers = [USERS, CHAT, ""].map((service) => watch(t, health, service));
  for (const watcher of watchers) assert.equal(await watcher.next(), SERVING);
  const next = watchers.map((watcher) => watcher.next());
  health.drain();
  assert.deepEqual(await Promise.all(next), [NOT_SERVING, NOT_SERVING, NOT_SERVING]);
  for (const watcher of watchers) await assert.rejects(watcher.stream.next(), { code: Code.Unavailable });
});

test("while draining nothing serves, the probe is not asked, and a later Watch is told and stays", async (t) => {
  const db = database();
  const { health } = setUp(t, { probe: db.probe });
  health.drain();
  assert.equal(await health.check(never), false);
  health.set(USERS, "serving");
  const watcher = watch(t, health, USERS);
  assert.equal(await watcher.next(), NOT_SERVING);
  assert.equal(db.asked, 0);
  const next = watcher.stream.next();
  await settled();
  watcher.call.abort(new ConnectError("over", Code.Aborted));
  await assert.rejects(next, { code: Code.Aborted });
});
