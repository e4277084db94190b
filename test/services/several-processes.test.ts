// Two servers on one Postgres: what is published at one of them is streamed by the other.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { connect } from "runrpc/client";
import { EventService } from "../../gen/events/v1/events_pb.ts";
import { type PostgresServer, startPostgres, whyNoPostgres } from "../postgres.ts";
import { startCommand } from "../runrpc/cli/run-command.ts";

const skip = whyNoPostgres() ?? false;
const root = fileURLToPath(new URL("../../", import.meta.url));

let server: PostgresServer;

before(async () => {
  if (skip === false) server = await startPostgres();
});

after(() => server?.stop());

/** Starts a server of the application; gives its address, and a key where it made one. */
async function serve(database: string) {
  const args = [
    "serve",
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--log-format",
    "json",
    "--database",
    database,
  ];
  const child = startCommand(args, { cwd: root });
  after(() => child.kill("SIGKILL"));
  for await (const line of createInterface({ input: child.stdout })) {
    const said = JSON.parse(line);
    if (typeof said.url !== "string") continue;
    child.stdout.resume();
    return { child, url: String(said.url), key: said.developmentKey as string | undefined };
  }
  throw new Error(`the server ended with ${child.exitCode}`);
}

test("a stream has each event of another process once, in order, whatever becomes of the notices", {
  skip,
}, async () => {
  const database = await server.createDatabase();
  const first = await serve(database);
  const second = await serve(database);
  const { key = "" } = first;
  using publisher = connect(first.url, EventService, { key });
  using subscriber = connect(second.url, EventService, { key });
  const types = Array.from({ length: 60 }, (_, index) => `e${index}`);
  const leave = new AbortController();
  const stream = subscriber.streamEvents({ afterId: 0n }, { signal: leave.signal })[Symbol.asyncIterator]();
  const received = (async () => {
    const seen: (string | undefined)[] = [];
    while (seen.length < types.length) {
      const { value } = await stream.next();
      seen.push(value?.event?.type);
    }
    return seen;
  })();
  for (const [index, type] of types.entries()) {
    await publisher.publishEvent({ type });
    if (index % 12 === 5)
      await server.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'runrpc notices'",
      );
  }
  assert.deepEqual(await received, types);
  leave.abort();
  for (const { child } of [first, second]) {
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "close"), [0, null]);
  }
});
