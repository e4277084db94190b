// What Postgres costs: `npm exec -- node --conditions=runrpc-source bench/postgres.ts`. It starts a server of its own, with
// fsync, in the directory for temporary files, whose disk the writes measure.
import { create } from "@bufbuild/protobuf";
import pg from "pg";
import { DatabaseSchema } from "../gen/runrpc/config/v1/config_pb.ts";
import { openAppStore } from "../src/runrpc/app/app-store.ts";
import { connect } from "../src/runrpc/client.ts";
import definition from "../test/app/main.ts";
import { EventService } from "../test/gen/rig/events/v1/events_pb.ts";
import { type PostgresServer, startPostgres } from "../test/postgres.ts";
import { type Finding, printFindings, withServer } from "./finding.ts";
import { connectAll } from "./load/workloads.ts";
import { median } from "./results.ts";
import { upload } from "./upload.ts";

const callers = 32;
const connections = 10;
const roundMs = 1_000;
const rounds = 5;
const eventCount = 300;

/** GetUser's query through the store, beside its statement through the driver's own pool, in turns. */
async function measureReads(server: PostgresServer): Promise<Finding[]> {
  const url = await server.createDatabase();
  const store = await openAppStore(definition, create(DatabaseSchema, { url, connections }));
  const pool = new pg.Pool({ ...addressOf(url), max: connections });
  const at = new Date();
  await store.queries.rig.createUser({ id: "ada", email: "ada@example.com", displayName: "Ada", at });
  const statement = {
    name: "user",
    text: "select seq, id, email, display_name, create_time, update_time from users where id = $1",
    values: ["ada"],
  };
  const found = { store: [] as Rate[], alone: [] as Rate[] };
  for (let round = 0; round < rounds; round++) {
    found.store.push(await rateOf(() => store.queries.rig.getUser({ id: "ada" })));
    found.alone.push(await rateOf(() => pool.query(statement)));
  }
  await pool.end();
  await store.close();
  const of = (rates: readonly Rate[], name: keyof Rate): number => median(rates.map((rate) => rate[name]));
  const [ours, alone] = [of(found.store, "perSecond"), of(found.alone, "perSecond")];
  return [
    { what: `GetUser through the store, ${callers} callers`, value: ours, unit: "reads/s" },
    { what: "  CPU of a read in this process", value: of(found.store, "cpuMicros"), unit: "µs" },
    { what: "its statement, prepared, through pg.Pool", value: alone, unit: "reads/s" },
    { what: "  CPU of a read in this process", value: of(found.alone, "cpuMicros"), unit: "µs" },
    { what: "the first by the second", value: ours / alone, unit: "×", least: 0.8 },
  ];
}

function addressOf(url: string) {
  const { hostname, port, username, password, pathname } = new URL(url);
  return {
    host: hostname,
    port: Number(port),
    user: username,
    password: decodeURIComponent(password),
    database: pathname.slice(1),
  };
}

interface Rate {
  readonly perSecond: number;
  readonly cpuMicros: number;
}

async function rateOf(call: () => Promise<unknown>): Promise<Rate> {
  const begin = performance.now();
  const cpu = process.cpuUsage();
  let count = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() - begin < roundMs) {
      await call();
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (1_000 * count) / (performance.now() - begin), cpuMicros: (user + system) / count };
}

/** One call that uploads rows, durable when it is answered. */
async function measureRows(server: PostgresServer): Promise<Finding[]> {
  const url = await server.createDatabase();
  return withServer("app.ts", ["<folder>", url], async (peer) => {
    const { at, close } = connectAll(peer, 1);
    await upload(at(0), peer, 1_000, 20_000);
    const value = await upload(at(0), peer, 1_000, 100_000);
    close();
    return [{ what: "UploadLogs, 1,000 entries a message", value, unit: "rows/s", least: 10_000 }];
  });
}

/** From the call that publishes at one process to the event on a stream of another one. */
async function measureEvents(server: PostgresServer): Promise<Finding[]> {
  const url = await server.createDatabase();
  return withServer("app.ts", ["<folder>", url], ({ port, key = "" }) =>
    withServer("app.ts", ["<folder>", url], async (other) => {
      using publisher = connect(`http://127.0.0.1:${port}`, EventService, { key });
      using subscriber = connect(`http://127.0.0.1:${other.port}`, EventService, { key, deadlineMs: 0 });
      const leave = new AbortController();
      const events = subscriber
        .streamEvents({ afterId: 0n }, { signal: leave.signal })
        [Symbol.asyncIterator]();
      const times: number[] = [];
      for (let event = 0; event < eventCount; event++) {
        const begin = performance.now();
        const published = publisher.publishEvent({ type: `${event}` });
        await events.next();
        times.push(performance.now() - begin);
        await published;
      }
      leave.abort();
      return [
        { what: "publish to another process's subscriber, p50", value: median(times), unit: "ms", most: 10 },
      ];
    }),
  );
}

const server = await startPostgres(undefined, { isDurable: true });
try {
  printFindings("reads", await measureReads(server));
  printFindings("rows", await measureRows(server));
  printFindings("events", await measureEvents(server));
} finally {
  await server.stop();
}
