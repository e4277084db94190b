import { parentPort, workerData } from "node:worker_threads";
import type { Database } from "better-sqlite3";
import { DataError, wireFromError } from "../data-error.ts";
import { dataErrorFromThrown } from "./sqlite-error.ts";
import { type TaskMessage, type TaskSetup, taskKey } from "./task.ts";

/** Pages in one step of a backup: some megabytes. */
const stepPages = 1_024;

await main();

async function main(): Promise<void> {
  const setup = (workerData as { readonly [taskKey]: TaskSetup })[taskKey]; // As `runTask` started this worker.
  try {
    post({ done: await run(setup) });
  } catch (error) {
    const { code, message, databaseCode } = dataErrorFromThrown(error);
    const named = message.includes(setup.file) ? message : `${setup.file}: ${message}`;
    post({ failed: wireFromError(new DataError(code, named, { databaseCode })) });
  }
}

function post(message: TaskMessage): void {
  parentPort?.postMessage(message);
}

async function run(setup: TaskSetup): Promise<unknown> {
  const { task } = setup;
  switch (task.kind) {
    case "backup":
      return backUp(setup, task.target);
    case "examine":
      return (await import("./examine.ts")).examine(setup, task.allowNewer, await open(setup));
  }
}

/** Loaded in here, where a driver that is missing is told like any error. */
async function open({ file, busyTimeoutMs }: TaskSetup): Promise<Database> {
  const { openForReading } = await import("./open-for-reading.ts");
  return openForReading(file, busyTimeoutMs);
}

async function backUp(setup: TaskSetup, target: string): Promise<void> {
  const client = await open(setup);
  try {
    // A backup begins again whenever another connection writes, unless its own holds on to one moment.
    client.exec("BEGIN");
    client.prepare("SELECT 1 FROM sqlite_schema").get();
    await client.backup(target, {
      progress({ totalPages, remainingPages }) {
        post({ copied: totalPages - remainingPages, total: totalPages });
        return stepPages;
      },
    });
    client.exec("COMMIT");
  } finally {
    client.close();
  }
  await check(target);
}

async function check(target: string): Promise<void> {
  const { default: Client } = await import("better-sqlite3");
  const copy = new Client(target, { fileMustExist: true });
  try {
    // One file, without a log beside it; a server that opens it switches to a log again.
    copy.pragma("journal_mode = DELETE");
    const found = copy.pragma("integrity_check(1)", { simple: true });
    if (found !== "ok") {
      throw new DataError("data_loss", `the database is damaged, and so would be its backup: ${found}`);
    }
  } finally {
    copy.close();
  }
}
