import type { Session } from "node:inspector";
import { parentPort, workerData } from "node:worker_threads";
import { type FromWatcher, setupKey, type WatchSetup } from "./memory.ts";
import type { WatcherParts } from "./watcher.ts";

/**
 * Runs a watcher or a guard in this thread until the main thread says `close`. Any fault ends the thread, after what it
 * holds was let go; the main thread starts another one.
 */
export function runInThread(
  SessionClass: new () => Session,
  run: (setup: WatchSetup, parts: WatcherParts) => () => void,
): void {
  const port = parentPort;
  if (port === null) throw new Error("this file runs in a worker thread");
  const tell = (message: FromWatcher): void => port.postMessage(message);
  const setup: WatchSetup = workerData[setupKey];
  const close = run(setup, {
    tell,
    connect() {
      const session = new SessionClass();
      session.connectToMainThread();
      return session;
    },
  });
  const end = (): void => {
    try {
      close();
    } finally {
      port.close();
      // What was posted to the inspector is on its way by then.
      setImmediate(() => process.exit(0));
    }
  };
  const fail = (reason: unknown): void => {
    tell({
      kind: "fault",
      text: reason instanceof Error ? (reason.stack ?? reason.message) : String(reason),
    });
    end();
  };
  process.on("uncaughtException", fail);
  process.on("unhandledRejection", fail);
  port.on("message", end);
  tell({ kind: "ready" });
}
