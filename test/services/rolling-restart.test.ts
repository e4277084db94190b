// Three servers on one Postgres behind a proxy, with the configurations that docs/growing.md shows: restarted one after the other
// under load, they lose no call, no row and no event, and none is there twice. RUNRPC_ROLLING_RESTARTS (default 1) and
// RUNRPC_ROLLING_CALLS (default 150) are how much at least: 4 and 5000 take about a minute for each proxy.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { DescService } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { connect } from "runrpc/client";
import { EventService } from "../../gen/events/v1/events_pb.ts";
import { LogService } from "../../gen/logs/v1/logs_pb.ts";
import { UserService } from "../../gen/users/v1/users_pb.ts";
import { type PostgresServer, startPostgres, whyNoPostgres } from "../postgres.ts";
import { runCommand } from "../runrpc/cli/run-command.ts";
import { freePort, type ProxyKind, proxyKinds, startProxyWith } from "../wire/proxies/start.ts";
import { type ServerProcess, serve, until } from "./server-process.ts";

const docs = join(import.meta.dirname, "../../docs");
const root = join(import.meta.dirname, "../..");
const { RUNRPC_ROLLING_RESTARTS = "1", RUNRPC_ROLLING_CALLS = "150" } = process.env;
const [restarts, minCalls] = [Number(RUNRPC_ROLLING_RESTARTS), Number(RUNRPC_ROLLING_CALLS)];
const hosts = ["10.0.0.11", "10.0.0.12", "10.0.0.13"];
const flags = [
  ...["--drain-delay-ms", "5000", "--drain-timeout-ms", "2000"],
  ...["--trusted-proxies", "127.0.0.1", "--log-level", "info"],
];
const noPostgres = whyNoPostgres() ?? false;

let server: PostgresServer;

before(async () => {
  if (noPostgres === false) server = await startPostgres();
});

after(() => server?.stop());

const kinds = proxyKinds.filter(({ name }) => name !== "nginx");

test("the configurations of the proxies are in the page on growing as they are in their files", () => {
  const page = readFileSync(join(docs, "growing.md"), "utf8");
  for (const { config } of kinds) {
    const text = readFileSync(join(docs, "proxies", config), "utf8");
    assert.ok(page.includes(`\n${text}\`\`\`\n`), `${config} is not in growing.md as it is`);
  }
});

/** The configuration with the addresses of this test in the place of those of a network. */
function configOf({ config }: ProxyKind, port: number, servers: readonly number[]): string {
  const places = [["0.0.0.0", 8080, port], ...hosts.map((host, index) => [host, 50_051, servers[index]])];
  let text = readFileSync(join(docs, "proxies", config), "utf8");
  for (const [host, shown, real] of places) {
    const before = text;
    text = text
      .replace(`${host}:${shown}`, `127.0.0.1:${real}`)
      .replace(`address: ${host}, port_value: ${shown}`, `address: 127.0.0.1, port_value: ${real}`);
    assert.notEqual(text, before, `${config} names no ${host}`);
  }
  return text;
}

for (const kind of kinds)
  test(`behind ${kind.name} ${restarts} restarts under load lose no call, no row and no event`, {
    skip: noPostgres === false ? kind.tool.skip : noPostgres,
  }, async () => {
    const database = await server.createDatabase();
    const key = await makeKey(database);
    const servers: ServerProcess[] = [];
    for (let index = 0; index < 3; index++)
      servers.push(await serve(database, ...flags, "--port", `${await freePort()}`));
    const ports = servers.map(({ port }) => port);
    const proxy = await startProxyWith(kind, (port) => configOf(kind, port, ports));
    const load = startLoad(`http://127.0.0.1:${proxy.port}`, key);
    try {
      const callsOf = (count: number) => {
        const wanted = load.ended() + count;
        return until(
          () => `${wanted} calls (${load.ended()}): ${load.outcomes()}`,
          () => load.ended() >= wanted,
        );
      };
      for (let restart = 0; restart < restarts; restart++) {
        await callsOf(30);
        const index = restart % 3;
        assert.equal(await servers[index]?.stop(), 0);
        const again = await serve(database, ...flags, "--port", `${ports[index]}`);
        servers[index] = again;
        const begun = again.lines;
        await until(
          () => "calls at the server that has started again",
          () => again.lines > begun + 5,
        );
      }
      await callsOf(Math.max(30, minCalls - load.ended()));
    } finally {
      await load.stop();
    }
    assert.deepEqual(load.outcomes(), `{"ok":${load.ended()}}`);
    await assertStored(database, load);
    await load.leave();
    await proxy.close();
    assert.deepEqual(await Promise.all(servers.map((one) => one.stop())), [0, 0, 0]);
  });

/** Behind a proxy the development key does not work. */
async function makeKey(database: string): Promise<string> {
  const user = ["--user", "ada@example.com", "--new-user", "--scope", "*"];
  const made = await runCommand(["keys", "create", ...user, "--database", database], { cwd: root });
  assert.equal(made.code, 0, made.stderr);
  return made.stdout.trim();
}

type Load = ReturnType<typeof startLoad>;

/** Callers that make one call after the other, none of them twice, until they are told to stop. */
function startLoad(url: string, key: string) {
  const counts: Record<string, number> = {};
  const events: string[] = [];
  const lines: string[] = [];
  const leave = new AbortController();
  const clients: Disposable[] = [];
  let isOver = false;

  function open<S extends DescService>(service: S): ReturnType<typeof connect<S>> {
    const client = connect(url, service, { key, retry: false, deadlineMs: 0 });
    clients.push(client);
    return client;
  }

  async function lane(call: (n: number) => Promise<unknown>): Promise<void> {
    for (let n = 0; !isOver; n++) {
      const outcome = await call(n).then(
        () => "ok",
        (reason: unknown) => String(ConnectError.from(reason)),
      );
      counts[outcome] = (counts[outcome] ?? 0) + 1;
    }
  }

  const lanes = <T>(count: number, callOf: (index: number) => (n: number) => Promise<T>) =>
    Array.from({ length: count }, (_, index) => lane(callOf(index)));

  const calling = [
    ...lanes(4, () => {
      const users = open(UserService);
      return () => users.listUsers({});
    }),
    ...lanes(2, (index) => {
      const publisher = open(EventService);
      return async (n) => {
        await publisher.publishEvent({ type: `${index}.${n}` });
        events.push(`${index}.${n}`);
      };
    }),
    ...lanes(2, (index) => {
      const [logs, users] = [open(LogService), open(UserService)];
      return async (n) => {
        const messages = Array.from({ length: 10 }, (_, line) => `${index}.${n}.${line}`);
        async function* requests() {
          for (const message of messages) {
            // Takes its time, so that restarts meet uploads that are under way.
            await users.listUsers({});
            yield { entries: [{ message }] };
          }
        }
        const { logsReceived } = await logs.uploadLogs(requests());
        assert.equal(logsReceived, BigInt(messages.length));
        lines.push(...messages);
      };
    }),
  ];

  // An endless stream ends with its server: it is opened again behind the last event that it had.
  const streams = Array.from({ length: 3 }, () => {
    const seen: (readonly [id: bigint, type: string])[] = [];
    const client = open(EventService);
    const ended = (async () => {
      while (!leave.signal.aborted)
        try {
          const afterId = seen.at(-1)?.[0] ?? 0n;
          for await (const { event } of client.streamEvents({ afterId }, { signal: leave.signal }))
            if (event !== undefined) seen.push([event.id, event.type]);
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
    })();
    return { seen, ended };
  });

  return {
    events,
    lines,
    seen: streams.map((stream) => stream.seen),
    ended: () => Object.values(counts).reduce((sum, count) => sum + count, 0),
    outcomes: () => JSON.stringify(counts),
    async stop() {
      isOver = true;
      await Promise.all(calling);
    },
    async leave() {
      leave.abort();
      await Promise.all(streams.map(({ ended }) => ended));
      for (const client of clients) client[Symbol.dispose]();
    },
  };
}

async function assertStored(database: string, { events, lines, seen }: Load): Promise<void> {
  const stored = async (text: string) => (await server.query(text, [], database)).rows;
  const there = (await stored("select id, type from events order by id")).map(
    ({ id, type }) => [BigInt(id), String(type)] as const,
  );
  assert.deepEqual(there.map(([, type]) => type).sort(), events.toSorted());
  const messages = (await stored("select message from logs")).map(({ message }) => String(message));
  assert.deepEqual(messages.sort(), lines.toSorted());
  await until(
    () => `all ${there.length} events on each stream (${seen.map(({ length }) => length)})`,
    () => seen.every(({ length }) => length >= there.length),
  );
  for (const each of seen) assert.deepEqual(each, there);
}
