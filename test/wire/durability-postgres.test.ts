// What a server on Postgres has acknowledged is there, once, whatever is killed: the server, the backends of its connections,
// Postgres itself. RUNRPC_DURABILITY_ROUNDS is how often (default 3, one of each; 50 take some minutes).
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { after, before, test } from "node:test";
import type { Transport } from "@connectrpc/connect";
import { LogService } from "../gen/rig/logs/v1/logs_pb.ts";
import { type PostgresServer, startPostgres, whyNoPostgres } from "../postgres.ts";
import { exchange, outcomeOf, transportOf } from "./matrix/calls.ts";
import { makeFolder, type ServeProcess, serve } from "./process.ts";

const skip = whyNoPostgres() ?? false;
const { RUNRPC_DURABILITY_ROUNDS = "3" } = process.env;
const rounds = Number(RUNRPC_DURABILITY_ROUNDS);

/** Uploads at a time. */
const uploaders = 8;

let postgres: PostgresServer;

before(async () => {
  if (skip === false) postgres = await startPostgres();
});

after(() => postgres?.stop());

test(`each line of an acknowledged upload is there, once, after ${rounds} kills of the server, its backends or Postgres`, {
  skip,
}, async (t) => {
  const database = await postgres.createDatabase();
  const folder = await makeFolder(t);
  const start = async (): Promise<ServeProcess> => {
    const started = await serve(folder, "--database", database);
    t.after(() => started.child.kill("SIGKILL"));
    return started;
  };
  let server = await start();
  const { key } = server;
  const acknowledged = new Set<string>();

  const kills: readonly (readonly [what: string, kill: () => Promise<void>])[] = [
    [
      "the server",
      async () => {
        server.child.kill("SIGKILL");
        assert.equal(await server.exit, "SIGKILL");
        server = await start();
      },
    ],
    [
      "its backends",
      async () => {
        await postgres.query(
          "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and pid <> pg_backend_pid()",
          [new URL(database).pathname.slice(1)],
        );
      },
    ],
    ["Postgres", () => postgres.crash()],
  ];

  for (let round = 0; round < rounds; round++) {
    const [what, kill] = kills[round % kills.length] ?? assert.fail();
    const before = acknowledged.size;
    await uploadUntilKilled(() => server.url, key, `${round}`, randomInt(1, 100), acknowledged, kill);
    assert.ok(acknowledged.size > before, `round ${round}: nothing was acknowledged`);
    const { rows } = await postgres.query("select message from logs", [], database);
    const stored = rows.map(({ message }) => String(message));
    const all = new Set(stored);
    assert.equal(all.size, stored.length, `round ${round}, ${what} killed: a line is there twice`);
    const lost = [...acknowledged].filter((line) => !all.has(line));
    assert.deepEqual(lost, [], `round ${round}, ${what} killed: of ${acknowledged.size}`);
  }
  assert.equal(await server.stop(), 0);
});

/** Uploads from all uploaders; when so many uploads were acknowledged, kills. Ends when each has ended that was under way then. */
async function uploadUntilKilled(
  urlOf: () => string,
  key: string,
  round: string,
  killAfter: number,
  acknowledged: Set<string>,
  kill: () => Promise<void>,
): Promise<void> {
  const killed = Promise.withResolvers<void>();
  let count = 0;
  let isOver = false;
  async function upload(uploader: number): Promise<void> {
    let at: { readonly url: string; readonly transport: Transport } | undefined;
    for (let n = 0; !isOver; n++) {
      const lines = Array.from(
        { length: randomInt(1, 40) },
        (_, line) => `${round}.${uploader}.${n}.${line}`,
      );
      const url = urlOf();
      if (url !== at?.url) at = { url, transport: transportOf({ protocol: "grpc", httpVersion: "2" }, url) };
      const requests = lines.map((message) => ({ entries: [{ message }] }));
      const { messages, error } = await outcomeOf(
        exchange(at.transport, LogService.method.uploadLogs, requests, { headers: { "x-api-key": key } }),
      );
      if (error !== undefined) {
        // The kill goes on; what was sent may be there or not, and is not sent again.
        await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      const [answer] = messages as unknown as [{ logsReceived: bigint }]; // UploadLogs answers with this
      assert.equal(answer.logsReceived, BigInt(lines.length));
      for (const line of lines) acknowledged.add(line);
      if (++count === killAfter) kill().then(killed.resolve, killed.reject);
    }
  }
  const uploading = Array.from({ length: uploaders }, (_, uploader) => upload(uploader));
  await killed.promise;
  isOver = true;
  await Promise.all(uploading);
}
