import { parentPort, workerData } from "node:worker_threads";
import type { Database } from "better-sqlite3";
import { DataError, wireFromError } from "../data-error.ts";
import { listQueries, type NamedQuery } from "../manifest.ts";
import type { QueryModules } from "../query.ts";
import { type Batch, openBatch } from "./batch.ts";
import { createQueryRunner, type QueryRunner, StrayStatement } from "./query-runner.ts";
import { dataErrorFromThrown } from "./sqlite-error.ts";
import {
  type FromWorker,
  maxTransferBytes,
  pingQuery,
  pingWriteQuery,
  setupKey,
  type ToWorker,
  type WorkerSetup,
} from "./thread-protocol.ts";

/**
 * The whole of a worker's main: opens the database as the store asked, tells it which queries there are, and serves
 * them until the store closes. Call it once, in the file that `openStore` is given as `worker`:
 *
 *     export const modules = { users, events };
 *     export type Modules = typeof modules;
 *     await serveQueries(modules);
 *
 * Trouble with the database goes to the caller of `openStore`. Outside of a store's worker it does nothing: a store over a
 * server imports the file for its `modules`, and runs the queries itself.
 */
export async function serveQueries(modules: QueryModules): Promise<void> {
  const setup = setupFromWorkerData();
  const port = parentPort;
  if (port === null || setup === undefined) return;
  const post = (message: FromWorker): void => port.postMessage(message);
  try {
    checkRuntime();
    // The native module is loaded after the check: on an older Node it ends the process without a word.
    const { openDatabase } = await import("./open-database.ts");
    const { createReads } = await import("./run-reads.ts");
    const { createWrites } = await import("./run-writes.ts");
    const { createWalKeeper } = await import("./wal-keeper.ts");
    const runner = createQueryRunner(maxTransferBytes(setup.heapMb));
    const { manifest, queries } = listQueries(modules);
    const writer = setup.role !== "reader";
    const database = openDatabase(setup, writer ? runner.guardStatement : () => {});
    const find = finder(queries, createPings(database.client));
    const createBatches = writer ? createWrites : createReads;
    const runBatch = createBatches(database, runner, find);
    const keepWal = writer ? createWalKeeper(database.client, setup) : () => {};
    process.on("unhandledRejection", (reason) => {
      if (!(reason instanceof StrayStatement)) throw reason;
      post({ warning: reason.message });
    });
    const tickets = new Int32Array(setup.tickets);
    serveBatches(
      runner,
      async (batch) => {
        await runBatch(batch);
        keepWal();
      },
      (message) => openBatch(message, tickets, setup.maxBatchCalls, post),
      () => {
        database.client.close();
        // Whatever an abandoned query still waits for must not keep the thread.
        process.exit();
      },
    );
    const { migrations, identity } = database;
    post({ manifest, migrations, identity });
    if (setup.role === "migrate") {
      database.client.close();
      port.close();
    }
  } catch (error) {
    post({ failed: wireFromError(dataErrorFromThrown(error)) });
    port.close();
  }
}

function setupFromWorkerData(): WorkerSetup | undefined {
  const data: unknown = workerData;
  if (typeof data !== "object" || data === null || !(setupKey in data)) return undefined;
  return data[setupKey] as WorkerSetup; // Written by the store, under a key of its own.
}

function checkRuntime(): void {
  const { node, napi = "unknown" } = process.versions;
  if (Number(node.split(".")[0]) >= 24 && Number(napi) >= 10) return;
  throw new DataError(
    "failed_precondition",
    `the database needs Node 24 with Node-API 10; this is Node ${node} with Node-API ${napi}. Run it with "npm start", which brings its own Node`,
  );
}

/** What tells that a worker answers. The one that writes changes nothing, and yet has a page to put into the log. */
function createPings(client: Database): ReadonlyMap<number, NamedQuery> {
  const read = client.prepare("SELECT 1 FROM sqlite_schema");
  return new Map([
    [pingQuery, { name: "ping", run: async () => read.get() !== undefined }],
    [
      pingWriteQuery,
      {
        name: "ping",
        run: async () => {
          client.pragma(`user_version = ${client.pragma("user_version", { simple: true })}`);
        },
      },
    ],
  ]);
}

function finder(
  queries: readonly NamedQuery[],
  pings: ReadonlyMap<number, NamedQuery>,
): (number: number) => NamedQuery {
  return (number) => {
    const query = pings.get(number) ?? queries[number];
    if (query === undefined) throw new DataError("internal", `there is no query with the number ${number}`);
    return query;
  };
}

/** Runs batches one after the other: a query that is being found out holds up the next batch, not the message loop. */
function serveBatches(
  runner: QueryRunner,
  runBatch: (batch: Batch) => Promise<void>,
  open: (message: readonly unknown[]) => Batch,
  close: () => void,
): void {
  let last = Promise.resolve();
  parentPort?.on("message", (message: ToWorker) => {
    last = last.then(async () => {
      if (message === "close") return close();
      runner.arm();
      await runBatch(open(message));
      runner.disarm();
    });
  });
}
