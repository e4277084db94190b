import { Worker } from "node:worker_threads";
import type { PendingCall } from "./call-queue.ts";
import { DataError, errorFromWire, type WireError } from "./data-error.ts";
import {
  batchesInFlight,
  type FromWorker,
  type Ready,
  setupKey,
  type ToWorker,
  ticketDone,
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
  readonly migrations: string;
  readonly busyTimeoutMs: number;
  readonly maxBatchCalls: number;
}

/** What a link tells the lane that holds it. */
export interface LinkEvents {
  /** A batch has been answered, in part or whole. */
  onAnswer(): void;
  /** The thread has ended; `waiting` are the calls that it had not begun, the others have failed. */
  onEnd(waiting: readonly PendingCall[]): void;
}

/** One worker thread, seen from the main thread. */
export interface WorkerLink {
  /** Resolves when the database is open; rejects with the reason why it is not. */
  readonly ready: Promise<Ready>;
  /** Calls sent and not answered. */
  readonly callsInFlight: number;
  readonly freeSlots: number;
  /** When the worker last gave a sign, in `performance.now()` milliseconds. */
  readonly lastSignMs: number;
  /** Sends a batch; needs a free slot. Calls whose input cannot be cloned fail with `invalid_argument`. */
  send(calls: readonly PendingCall[]): void;
  /** Takes back the reads that the worker is not running this moment. One that is done but unanswered runs again. */
  takeBackReads(): PendingCall[];
  /** Lets the worker finish what it has, close the database and end. Resolves when the thread is gone. */
  close(): Promise<void>;
}

/** Starts a worker thread. Whoever starts it closes it. */
export function startWorker(options: LinkOptions, events: LinkEvents): WorkerLink {
  const { maxBatchCalls } = options;
  const tickets = new Int32Array(new SharedArrayBuffer(4 * batchesInFlight * maxBatchCalls));
  const setup: WorkerSetup = {
    role: options.role,
    file: options.file,
    migrations: options.migrations,
    busyTimeoutMs: options.busyTimeoutMs,
    maxBatchCalls,
    tickets: tickets.buffer,
  };
  const worker = new Worker(options.worker, {
    workerData: { [setupKey]: setup },
    name: `store-${options.role}`,
  });
  const slots: (Slot | undefined)[] = Array.from({ length: batchesInFlight });
  const opened = Promise.withResolvers<Ready>();
  const ended = Promise.withResolvers<void>();
  let trouble: DataError | undefined;
  let callsInFlight = 0;
  let freeSlots: number = batchesInFlight;
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
    const text = error instanceof Error ? error.message : String(error);
    trouble = new DataError("unavailable", `a database worker failed: ${text}`, { cause: error });
  });
  worker.on("messageerror", () => void worker.terminate());
  worker.on("exit", (exitCode) => {
    const reason =
      trouble ?? new DataError("unavailable", `a database worker ended with exit code ${exitCode}`);
    opened.reject(reason);
    ended.resolve();
    const waiting = slots.flatMap((slot) =>
      slot === undefined ? [] : takeBack(slot, options.role === "reader"),
    );
    for (const slot of slots) {
      for (const call of slot?.calls ?? []) if (call?.settled === false) call.reject(reason);
    }
    events.onEnd(waiting);
  });
  // Whoever waits for `ready` hears of it; nobody has to.
  opened.promise.catch(() => {});

  function onAnswers(answer: readonly unknown[]): void {
    const number = Number(answer[0]);
    const slot = slots[number];
    if (slot === undefined) return;
    for (let at = 2; at < answer.length; at += 3) {
      const index = Number(answer[at]);
      const call = slot.calls[index];
      slot.calls[index] = undefined;
      if (call === undefined || call.settled) continue;
      if (answer[at + 1] === 1) call.resolve(answer[at + 2]);
      else call.reject(errorFromWire(answer[at + 2] as WireError)); // As postAnswers writes it.
    }
    if (answer[1] === 1) {
      slots[number] = undefined;
      callsInFlight -= slot.size;
      freeSlots += 1;
    }
    events.onAnswer();
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
    get lastSignMs() {
      return lastSignMs;
    },
    send(given) {
      const number = slots.indexOf(undefined);
      const base = number * maxBatchCalls;
      const calls = postBatch(given, number, base);
      if (calls.length === 0) return;
      if (callsInFlight === 0) lastSignMs = performance.now();
      slots[number] = { base, calls, size: calls.length };
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
  readonly base: number;
  readonly size: number;
  /** By index in the batch; undefined once answered or taken back. */
  readonly calls: (PendingCall | undefined)[];
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
