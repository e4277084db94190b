// The watcher's thread with an inspector session that fails at one point, or the guard's: `workerData` says where and how.
import { Session } from "node:inspector";
import { workerData } from "node:worker_threads";
import { runInThread } from "../../../../src/runrpc/debug/watchdog/run-in-thread.ts";
import { watchMainThread } from "../../../../src/runrpc/debug/watchdog/watcher.ts";

const { searchParams } = new URL(import.meta.url);
const at = searchParams.get("at");
const how = searchParams.get("how");

function fail(): void {
  if (how === "throw") throw new Error(`a fault at ${at}`);
  if (how === "exit") process.exit(7);
  if (how === "hang") for (;;);
  if (how === "reject") void Promise.reject(new Error(`a fault at ${at}`));
}

class FaultySession extends Session {
  override post(...args: unknown[]): void {
    const [method] = args;
    if (at === `before ${method}`) fail();
    // The overloads of Session.post are those of its methods' names.
    Reflect.apply(super.post, this, args);
    if (at === `after ${method}`) fail();
  }

  override connectToMainThread(): void {
    if (at === "before connect") fail();
    super.connectToMainThread();
    if (at === "after connect") fail();
  }

  override disconnect(): void {
    if (at === "before disconnect") fail();
    super.disconnect();
    if (at === "after disconnect") fail();
  }

  override emit(name: string, ...args: unknown[]): boolean {
    if (at === `at ${name}`) fail();
    return super.emit(name, ...args);
  }
}

if (workerData !== null) runInThread(FaultySession, watchMainThread);
