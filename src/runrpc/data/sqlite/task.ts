import { Worker } from "node:worker_threads";
import { DataError, errorFromWire, type WireError } from "../data-error.ts";
import type { ResolvedMigrationSet } from "../migrations.ts";
import type { ResolvedSqliteOptions } from "./store-options.ts";

/** Something to do with a database file, in a worker of its own and beside whoever serves it. */
export type Task =
  | { readonly kind: "backup"; readonly target: string }
  | { readonly kind: "examine"; readonly allowNewer: boolean };

/** The `workerData` of a task's worker, under {@link taskKey}. */
export interface TaskSetup {
  readonly task: Task;
  readonly file: string;
  readonly migrations: readonly ResolvedMigrationSet[];
  readonly busyTimeoutMs: number;
}

export const taskKey = "runrpcTask";

/** Worker to main. */
export type TaskMessage =
  | { readonly copied: number; readonly total: number }
  | { readonly done: unknown }
  | { readonly failed: WireError };

/** How a task is followed. */
export interface TaskOptions {
  readonly onProgress?: ((copied: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Runs a task to its end, and gives what it found. Rejects with its DataError, or with the signal's reason. */
export async function runTask(
  { file, migrations, busyTimeoutMs }: ResolvedSqliteOptions,
  task: Task,
  { onProgress, signal }: TaskOptions = {},
): Promise<unknown> {
  signal?.throwIfAborted();
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const setup: TaskSetup = { task, file, migrations, busyTimeoutMs };
  const worker = new Worker(new URL(`./task-worker.${ending}`, import.meta.url), {
    workerData: { [taskKey]: setup },
    name: `store-${task.kind}`,
  });
  const outcome = Promise.withResolvers<unknown>();
  const abort = (): void => void worker.terminate().then(() => outcome.reject(signal?.reason));
  signal?.addEventListener("abort", abort);
  worker.on("message", (message: TaskMessage) => {
    if ("copied" in message) onProgress?.(message.copied, message.total);
    else if ("done" in message) outcome.resolve(message.done);
    else if ("failed" in message) outcome.reject(errorFromWire(message.failed));
  });
  worker.on("error", (error) => outcome.reject(error));
  worker.on("exit", (code) => {
    if (signal?.aborted) return;
    outcome.reject(new DataError("unavailable", `a database worker ended with exit code ${code}`));
  });
  try {
    return await outcome.promise;
  } finally {
    signal?.removeEventListener("abort", abort);
    await worker.terminate();
  }
}
