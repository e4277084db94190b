import { Worker } from "node:worker_threads";
import type { PendingCall } from "../call-queue.ts";
import { DataError, errorFromWire, type WireError } from "../data-error.ts";
import type { ResolvedMigrationSet } from "../migrations.ts";
import type { AnswerNews } from "../trouble.ts";
import {
  batchesInFlight,
  type FromWorker,
  type Ready,
  setupKey,
  type ToWorker,
  ticketCommitting,
  ticketDone,
  ticketRunning,
  ticketWaiting,
  ticketWithdrawn,
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
  readonly busyTimeoutMs: number;
  readonly heapMb: number;
  readonly maxBatchCalls: number;
}

/** What a link tells the side that holds it. */
export interface LinkEvents {
  /** A call has been answered that took so long. */
  onTook?(query: number, tookMs: number): void;
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
  const { maxBatchCalls } = options;
  const tickets = new Int32Array(new SharedArrayBuffer(4 * batchesInFlight * maxBatchCalls));
  const setup: WorkerSetup = {
    role: options.role,
    file: options.file,
    migrations: options.migrations,
    allowNewer: options.allowNewer,
    busyTimeoutMs: options.busyTimeoutMs,
    identity,
    heapMb: options.heapMb,
    maxBatchCalls,
    tickets: tickets.buffer,
  };
  const worker = new Worker(options.worker, {
    workerData: { [setupKey]: setup },
    name: `store-${options.role}`,
    resourceLimits: { maxOldGenerationSizeMb: options.heapMb },
  });
  const slots: (Slot | undefined)[] = Array.from({ length: batchesInFlight });
  const opened = Promise.withResolvers<Ready>();
  const ended = Promise.withResolvers<void>();
  let trouble: DataError | undefined;
  let callsInFlight = 0;
  let freeSlots: number = batchesInFlight;
  let sequence = 0;
  let lastSignMs = performance.now();

  worker.on("message", (message: FromWorker) => {
    lastSignMs = performance.now();
    if (Array.isArray(message)) onAnswers(message);
    else if ("manifest" in message) opened.resolve(message);
    else if ("failed" in message) {
      trouble = errorFromWire(message.failed);
      void worker.terminate();
    } else if ("warning" in message) process.emitWarning(message.warning, "DataWarning");
  });
  worker.on("error", (error) => {
    trouble = deathOf(error, options.heapMb);
  });
  worker.on("messageerror", () => void worker.terminate());
  worker.on("exit", (exitCode) => {
    const reason =
      trouble ?? new DataError("unavailable", `a database worker ended with exit code ${exitCode}`);
    opened.reject(reason);
    ended.resolve();
    const isReader = options.role === "reader";
    const [oldest, ...younger] = slots
      .filter((slot) => slot !== undefined)
      .sort((one, other) => one.sequence - other.sequence);
    // Whatever ended the worker was in the message that it worked on.
    const suspects = oldest === undefined ? [] : takeBack(oldest, isReader);
    for (const call of suspects) call.lostWorkers += 1;
    const waiting = [...suspects, ...younger.flatMap((slot) => takeBack(slot, isReader))];
    for (const slot of slots) {
      for (const call of slot?.calls ?? [])
        if (call?.settled === false) call.reject(isReader ? reason : fateOf(call, reason));
    }
    events.onEnd(
      waiting.filter((call) => mayGoOn(call, reason)),
      reason,
    );
  });
  // Whoever waits for `ready` hears of it; nobody has to.
  opened.promise.catch(() => {});

  function onAnswers(answer: readonly unknown[]): void {
    const number = Number(answer[0]);
    const slot = slots[number];
    if (slot === undefined) return;
    let worked = false;
    let lastError: DataError | undefined;
    for (let at = 2; at < answer.length; at += 3) {
      const index = Number(answer[at]);
      const call = slot.calls[index];
      slot.calls[index] = undefined;
      if (call === undefined) continue;
      const took = Number(answer[at + 1]);
      events.onTook?.(call.query, Math.abs(took) - 1);
      call.onRan?.(Math.abs(took) - 1);
      if (took > 0) {
        worked = true;
        if (!call.settled) call.resolve(answer[at + 2]);
      } else {
        lastError = errorFromWire(answer[at + 2] as WireError); // As postAnswers writes it.
        if (!call.settled) call.reject(lastError);
      }
    }
    if (answer[1] === 1) {
      slots[number] = undefined;
      callsInFlight -= slot.size;
      freeSlots += 1;
    }
    events.onAnswer({ worked, error: lastError });
  }

  /** What is known of a write that the worker had begun. */
  function fateOf(call: PendingCall, reason: DataError): DataError {
    const state = Atomics.load(tickets, call.ticket);
    if (state !== ticketCommitting && state !== ticketDone) return reason;
    return new DataError(
      "unknown",
      "a database worker ended while it committed this write: look whether it is stored before you repeat it",
      { cause: reason },
    );
  }

  /** Posts what can be cloned and returns it; what cannot fails alone. */
  function postBatch(
    given: readonly PendingCall[],
    number: number,
    base: number,
  ): (PendingCall | undefined)[] {
    let calls = given;
    for (;;) {
      const message: unknown[] = [number];
      calls.forEach((call, index) => {
        call.ticket = base + index;
        call.withdraw = withdraw;
        Atomics.store(tickets, base + index, ticketWaiting);
        message.push(call.query, call.input);
      });
      try {
        if (calls.length > 0) worker.postMessage(message satisfies ToWorker);
        return [...calls];
      } catch (error) {
        const good = calls.filter(isCloneable);
        if (good.length === calls.length) throw error;
        calls = good;
      }
    }
  }

  function withdraw(call: PendingCall): void {
    Atomics.compareExchange(tickets, call.ticket, ticketWaiting, ticketWithdrawn);
  }

  /** Swaps what the worker has not begun to "withdrawn": from then on it can never run there. */
  function takeBack(slot: Slot, alsoDone: boolean): PendingCall[] {
    const back: PendingCall[] = [];
    slot.calls.forEach((call, index) => {
      if (call === undefined || call.settled) return;
      const state = Atomics.compareExchange(tickets, slot.base + index, ticketWaiting, ticketWithdrawn);
      if (state !== ticketWaiting && !(alsoDone && state === ticketDone)) return;
      slot.calls[index] = undefined;
      back.push(call);
    });
    return back;
  }

  return {
    ready: opened.promise,
    get callsInFlight() {
      return callsInFlight;
    },
    get freeSlots() {
      return freeSlots;
    },
    get hasLong() {
      return slots.some((slot) => slot?.isLong === true);
    },
    get running() {
      for (const slot of slots) {
        for (const call of slot?.calls ?? []) {
          if (call !== undefined && Atomics.load(tickets, call.ticket) === ticketRunning) return call.query;
        }
      }
      return undefined;
    },
    get lastSignMs() {
      return lastSignMs;
    },
    send(given, isLong) {
      const number = slots.indexOf(undefined);
      const base = number * maxBatchCalls;
      const calls = postBatch(given, number, base);
      if (calls.length === 0) return;
      if (callsInFlight === 0) lastSignMs = performance.now();
      slots[number] = { base, calls, size: calls.length, isLong, sequence: sequence++ };
      callsInFlight += calls.length;
      freeSlots -= 1;
    },
    takeBackReads: () => slots.flatMap((slot) => (slot === undefined ? [] : takeBack(slot, true))),
    async close() {
      worker.postMessage("close" satisfies ToWorker);
      await ended.promise;
    },
  };
}

interface Slot {
  readonly sequence: number;
  readonly isLong: boolean;
  readonly base: number;
  readonly size: number;
  /** By index in the batch; undefined once answered or taken back. */
  readonly calls: (PendingCall | undefined)[];
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

function deathOf(error: unknown, heapMb: number): DataError {
  const cause = error instanceof Error && "code" in error ? error.code : undefined;
  if (cause === "ERR_WORKER_OUT_OF_MEMORY") {
    const sentence = `a query needs more memory than a database worker has, ${heapMb} MB (heapMb): let it take or give less`;
    return new DataError("resource_exhausted", sentence, { cause: error });
  }
  const text = error instanceof Error ? error.message : String(error);
  return new DataError("unavailable", `a database worker failed: ${text}`, { cause: error });
}

function isCloneable(call: PendingCall): boolean {
  try {
    structuredClone(call.input);
    return true;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    call.reject(
      new DataError("invalid_argument", `the input of a query cannot be sent to its worker: ${text}`),
    );
    return false;
  }
}
