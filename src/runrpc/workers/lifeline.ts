import { Worker } from "node:worker_threads";

/** Where a worker finds its end of the lifeline, among its file descriptors. */
export const LIFELINE_FD = 4;

/**
 * Ends this process at once when the primary has been gone for `afterMs`, whatever its event loop does: a thread holds one end of a
 * pipe, of which the primary has the other. A worker whose code never yields would else serve nobody, for ever, and hold its memory
 * and its connections to the database.
 */
export function holdLifeline(afterMs: number): void {
  const file = new URL(`./lifeline-thread.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);
  const thread = new Worker(file, { name: "lifeline", workerData: { afterMs } });
  thread.on("error", () => {}); // without it this process serves as well
  thread.unref();
}
