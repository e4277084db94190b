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
    const { holdServingLock } = await import("./serving-lock.ts");
    const runner = createQueryRunner(maxTransferBytes(setup.heapMb));
    const { manifest, queries } = listQueries(modules);
    const writer = setup.role !== "reader";
    const database = openDatabase(setup, writer ? runner.guardStatement : () => {});
    const find = finder(queries, createPings(database.client));
    const createBatches = writer ? createWrites : createReads;
    const runBatch = createBatches(database, runner, find);
    const keepWal = writer ? createWalKeeper(database.client, setup) : () => {};
    // What a query leaves behind where nobody catches it is no reason to end the others.
    const warn = (reason: unknown): void => post({ warning: strayText(reason) });
    process.on("unhandledRejection", warn);
    process.on("uncaughtException", warn);
    const tickets = new Int32Array(setup.tickets);
    serveBatches(
      runner,
      async (batch) => {
        await runBatch(batch);
        keepWal();
      },
      (message) => openBatch(message, tickets, setup.maxBatchCalls, post),
      (reason) => post({ failed: wireFromError(faultOf(reason)) }),
      () => {
        lock?.release();
        database.client.close();
        // Whatever an abandoned query still waits for must not keep the thread.
        process.exit();
      },
    );
    const { migrations, identity } = database;
    post({ manifest, migrations, identity });
    const lock =
      setup.servingLock === true ? holdServingLock(setup.file, (serving) => post({ serving })) : undefined;
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

function strayText(reason: unknown): string {
  if (reason instanceof StrayStatement) return reason.message;
  return `a query left an error behind that nobody catches: ${dataErrorFromThrown(reason).message}`;
}

/** Why this worker has to go. */
function faultOf(reason: unknown): DataError {
  return new DataError("unavailable", `a database worker failed: ${dataErrorFromThrown(reason).message}`);
}

/**
 * Runs batches one after the other: a query that is being found out holds up the next batch, not the message loop. Nothing
 * runs after one that `fail` was told of.
 */
function serveBatches(
  runner: QueryRunner,
  runBatch: (batch: Batch) => Promise<void>,
  open: (message: readonly unknown[]) => Batch,
  fail: (reason: unknown) => void,
  close: () => void,
): void {
  let last = Promise.resolve();
  async function run(message: ToWorker): Promise<void> {
    if (message === "close") return close();
    runner.arm();
    await runBatch(open(message));
    runner.disarm();
  }
  parentPort?.on("message", (message: ToWorker) => {
    last = last
      .then(() => run(message))
      .catch((reason: unknown) => {
        fail(reason);
        return new Promise<never>(() => {});
      });
  });
}
