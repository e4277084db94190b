import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { PendingCall } from "../call-queue.ts";
import { DataError, errorFromWire, type WireError } from "../data-error.ts";
import type { ResolvedMigrationSet } from "../migrations.ts";
import type { AnswerNews } from "../trouble.ts";
import { createBatchSlots } from "./batch-slots.ts";
import type { ServingNews } from "./serving-news.ts";
import {
  type FromWorker,
  msFromTook,
  type Ready,
  setupKey,
  type ToWorker,
  type WorkerRole,
  type WorkerSetup,
} from "./thread-protocol.ts";

/** What one worker thread is started with. */
export interface LinkOptions {
  readonly role: WorkerRole;
  readonly file: string;
  readonly worker: URL;
  readonly migrations: readonly ResolvedMigrationSet[];
  readonly allowNewer: boolean;
  /** Default false. */
  readonly servingLock?: boolean;
  readonly busyTimeoutMs: number;
  readonly heapMb: number;
  readonly maxBatchCalls: number;
}

/** What a link tells the side that holds it. */
export interface LinkEvents {
  /** A call has been answered that took so long. */
  onTook?(query: number, tookMs: number): void;
  /** The file's serving lock. */
  onServing?(news: ServingNews): void;
  /** A batch has been answered, in part or whole. */
  onAnswer(news: AnswerNews): void;
  /** The thread has ended; `waiting` are the calls that it had not begun, the others have failed with `reason`. */
  onEnd(waiting: readonly PendingCall[], reason: DataError): void;
}

/** One worker thread, seen from the main thread. */
export interface WorkerLink {
  /** Resolves when the database is open; rejects with the reason why it is not. */
  readonly ready: Promise<Ready>;
  /** Calls sent and not answered. */
  readonly callsInFlight: number;
  readonly freeSlots: number;
  /** True while it has a call that was sent as a long one. */
  readonly hasLong: boolean;
  /** The query that it runs this moment, by its number. */
  readonly running: number | undefined;
  /** When the worker last gave a sign, in `performance.now()` milliseconds. */
  readonly lastSignMs: number;
  /** Sends a batch; needs a free slot. Calls whose input cannot be cloned fail with `invalid_argument`. */
  send(calls: readonly PendingCall[], isLong: boolean): void;
  /** Takes back the reads that the worker is not running this moment. One that is done but unanswered runs again. */
  takeBackReads(): PendingCall[];
  /** Lets the worker finish what it has, close the database and end. Resolves when the thread is gone. */
  close(): Promise<void>;
}

/**
 * Starts a worker thread. Whoever starts it closes it. `identity` is that of the file which the store has open; the
 * worker does not take another one.
 */
export function startWorker(
  options: LinkOptions,
  events: LinkEvents,
  identity: string | undefined,
): WorkerLink {
  const slots = createBatchSlots(options.maxBatchCalls);
  const setup: WorkerSetup = {
    role: options.role,
    file: options.file,
    migrations: options.migrations,
    allowNewer: options.allowNewer,
    servingLock: options.servingLock,
    busyTimeoutMs: options.busyTimeoutMs,
    identity,
    heapMb: options.heapMb,
    maxBatchCalls: options.maxBatchCalls,
    tickets: slots.tickets,
  };
  const worker = new Worker(options.worker, {
    workerData: { [setupKey]: setup },
    name: `store-${options.role}`,
    resourceLimits: { maxOldGenerationSizeMb: options.heapMb },
  });
  const opened = Promise.withResolvers<Ready>();
  const ended = Promise.withResolvers<void>();
  let trouble: DataError | undefined;
  let hasServed = false; // or was told to end before that
  let lastSignMs = performance.now();

  worker.on("message", (message: FromWorker) => {
    lastSignMs = performance.now();
    if (Array.isArray(message)) onAnswers(message);
    else if ("manifest" in message) {
      hasServed = true;
      opened.resolve(message);
    } else if ("failed" in message) {
      trouble = errorFromWire(message.failed);
      void worker.terminate();
    } else if ("serving" in message) events.onServing?.(message.serving);
    else if ("warning" in message) process.emitWarning(message.warning, "DataWarning");
  });
  worker.on("error", (error) => {
    trouble = deathOf(error, options.heapMb);
  });
  worker.on("messageerror", () => void worker.terminate());
  worker.on("exit", (exitCode) => {
    const reason = trouble ?? endOf(options.worker, exitCode, hasServed);
    opened.reject(reason);
    ended.resolve();
    const waiting = slots.lose(options.role === "reader", reason);
    events.onEnd(
      waiting.filter((call) => mayGoOn(call, reason)),
      reason,
    );
  });
  // Whoever waits for `ready` hears of it; nobody has to.
  opened.promise.catch(() => {});

  function onAnswers(answer: readonly unknown[]): void {
    const number = Number(answer[0]);
    let worked = false;
    let lastError: DataError | undefined;
    for (let at = 2; at < answer.length; at += 3) {
      const call = slots.answered(number, Number(answer[at]));
      if (call === undefined) continue;
      const took = Number(answer[at + 1]);
      const tookMs = msFromTook(took);
      events.onTook?.(call.query, tookMs);
      call.onRan?.(tookMs);
      if (took > 0) {
        worked = true;
        if (!call.settled) call.resolve(answer[at + 2]);
      } else {
        lastError = errorFromWire(answer[at + 2] as WireError); // As postAnswers writes it.
        if (!call.settled) call.reject(lastError);
      }
    }
    if (answer[1] === 1) slots.empty(number);
    events.onAnswer({ worked, error: lastError });
  }

  return {
    ready: opened.promise,
    get callsInFlight() {
      return slots.callsInFlight;
    },
    get freeSlots() {
      return slots.free;
    },
    get hasLong() {
      return slots.hasLong;
    },
    get running() {
      return slots.running;
    },
    get lastSignMs() {
      return lastSignMs;
    },
    send(calls, isLong) {
      const wasIdle = slots.callsInFlight === 0;
      const isSent = slots.send(calls, isLong, (message) => worker.postMessage(message));
      if (isSent && wasIdle) lastSignMs = performance.now();
    },
    takeBackReads: slots.takeBackReads,
    async close() {
      hasServed = true;
      worker.postMessage("close" satisfies ToWorker);
      await ended.promise;
    },
  };
}

/** Calls that a worker takes down with it before they fail themselves. */
const maxLostWorkers = 2;

/** False, and the call has failed, when it has cost so many workers that it must be what ends them. */
function mayGoOn(call: PendingCall, reason: DataError): boolean {
  if (call.lostWorkers < maxLostWorkers) return true;
  const { code, message } = reason;
  call.reject(
    new DataError(code, `${call.lostWorkers} database workers ended over this query: ${message}`, {
      cause: reason,
    }),
  );
  return false;
}

/** One that ends by itself before it serves anything was never told to. */
function endOf(worker: URL, exitCode: number, hasServed: boolean): DataError {
  if (hasServed || exitCode !== 0)
    return new DataError("unavailable", `a database worker ended with exit code ${exitCode}`);
  return new DataError(
    "failed_precondition",
    `${fileURLToPath(worker)} ended without serving queries: it needs \`await serveQueries(modules)\``,
  );
}

function deathOf(error: unknown, heapMb: number): DataError {
  const cause = error instanceof Error && "code" in error ? error.code : undefined;
  if (cause === "ERR_WORKER_OUT_OF_MEMORY") {
    const sentence = `a query needs more memory than a database worker has, ${heapMb} MB (heapMb): let it take or give less`;
    return new DataError("resource_exhausted", sentence, { cause: error });
  }
  const text = error instanceof Error ? error.message : String(error);
  return new DataError("unavailable", `a database worker failed: ${text}`, { cause: error });
}
