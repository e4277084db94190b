import { Worker } from "node:worker_threads";
import { Code, ConnectError } from "@connectrpc/connect";
import { createBatchWriter, readBatch } from "./batch.ts";
import {
  type Batch,
  MAX_CALLS,
  type MethodKind,
  op,
  type QueryAnswer,
  type QueryValue,
  type Ready,
  setupKey,
  slotOf,
  state,
  type ThreadSetup,
} from "./protocol.ts";
import { type WireError, wireFromError } from "./wire-error.ts";

/** A call for a thread, and what it hears from there. */
export interface LinkedCall {
  /** The number of its method. */
  readonly method: number;
  /** It may be sent before the thread has time for it: it is small, and takes one message. */
  readonly mayWait: boolean;
  /** What the thread is told of it, and its request where it takes one message. */
  start(): { readonly value: unknown; readonly bytes: Uint8Array | undefined };
  /** It was sent, under this number. That may happen again: a call which waits there may be taken back. */
  sent(link: ThreadLink, number: number): void;
  /** No code of it runs any more. `value` is what the thread says of headers, and of the error. */
  ended(bytes: Buffer | undefined, value: unknown, hasFailed: boolean): void;
  message(bytes: Buffer): void;
  credit(count: number): void;
  headers(value: unknown): void;
  /** The thread has ended under it, or it cannot be sent to any. */
  lost(reason: ConnectError): void;
  /** Aborts when it is cancelled: for its queries. */
  readonly signal: AbortSignal;
}

/** Answers the queries of a thread. */
export type AskQuery = (query: QueryValue, signal: AbortSignal | undefined) => Promise<unknown>;

export interface LinkOptions {
  readonly setup: Omit<ThreadSetup, "states">;
  readonly heapMb: number | undefined;
  readonly askQuery: AskQuery;
  /** It has room again. */
  readonly onRoom: () => void;
  /** The thread has ended, whoever ended it. `waiting` are the calls that had not begun in it. */
  readonly onEnd: (waiting: readonly LinkedCall[]) => void;
}

/** One thread, seen from the main one. */
export interface ThreadLink {
  /** Resolves when it has loaded the handlers; rejects with the reason why it has not. */
  readonly ready: Promise<readonly MethodKind[]>;
  /** Calls of functions that hold it: one runs, the others wait in it. */
  readonly syncCalls: number;
  /** Calls that share it. */
  readonly asyncCalls: number;
  /** It can be sent one more. */
  readonly hasSlot: boolean;
  /** When it last gave a sign, or had nothing to do, by `performance.now()`. */
  readonly signAtMs: number;
  send(call: LinkedCall, isSync: boolean): void;
  say(code: number, call: number, bytes: Uint8Array | undefined, value?: unknown): void;
  /** Takes back a call that has not begun. False: it has. */
  withdraw(call: number): boolean;
  /** Takes back at most so many of those that wait for the function which holds the thread, the oldest first. */
  takeBack(most: number): readonly LinkedCall[];
  /** Tells a call that it is cancelled, also one that does not hear. */
  cancel(call: number, reason: unknown): void;
  /** Ends the thread, whatever it does. */
  terminate(reason: ConnectError): Promise<void>;
}

const file = new URL(`./thread.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

export function startThread({ setup, heapMb, askQuery, onRoom, onEnd }: LinkOptions): ThreadLink {
  const states = new Int32Array(new SharedArrayBuffer(4 * MAX_CALLS));
  const worker = new Worker(file, {
    name: "handlers",
    workerData: { [setupKey]: { ...setup, states: states.buffer } satisfies ThreadSetup },
    ...(heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } }),
  });
  worker.unref();
  const writer = createBatchWriter((batch, transfer) => worker.postMessage(batch, transfer), unsendable);
  const calls = new Map<number, Sent>();
  const freeSlots = Array.from({ length: MAX_CALLS }, (_, slot) => slot);
  const loaded = Promise.withResolvers<readonly MethodKind[]>();
  let generation = 0;
  let trouble: ConnectError | undefined;
  let syncCalls = 0;
  let asyncCalls = 0;
  let signAtMs = performance.now();

  function unsendable(code: number, number: number, value: unknown, reason: unknown) {
    const error = new ConnectError(`this cannot be sent to a thread: ${reason}`, Code.Internal);
    if (code !== op.query) {
      remove(number)?.lost(error);
      return [op.none, undefined] as const;
    }
    const { id } = value as QueryAnswer; // as answerQuery writes it
    return [op.query, { id, error: wireFromError(error) } satisfies QueryAnswer] as const;
  }

  /** No longer counted, from when it has ended or was taken back. */
  function discount({ isSync }: Sent): void {
    if (isSync) syncCalls--;
    else asyncCalls--;
  }

  function remove(number: number): LinkedCall | undefined {
    const sent = calls.get(number);
    if (sent === undefined) return undefined;
    calls.delete(number);
    freeSlots.push(slotOf(number));
    if (sent.call !== undefined) discount(sent);
    return sent.call;
  }

  function withdraw(number: number, sent: Sent): LinkedCall | undefined {
    const { call } = sent;
    const before = Atomics.compareExchange(states, slotOf(number), state.waiting, state.withdrawn);
    if (call === undefined || before !== state.waiting) return undefined;
    discount(sent);
    // Its word is free when the thread has seen it.
    sent.call = undefined;
    return call;
  }

  function takeBack(most: number, alsoAsync = false): readonly LinkedCall[] {
    const back: LinkedCall[] = [];
    for (const [number, sent] of calls) {
      if (back.length >= most) break;
      if (sent.call?.mayWait !== true || !(sent.isSync || alsoAsync)) continue;
      const call = withdraw(number, sent);
      if (call !== undefined) back.push(call);
    }
    return back;
  }

  function hear(code: number, number: number, bytes: Buffer | undefined, value: unknown): void {
    const call = calls.get(number)?.call;
    if (code === op.end || code === op.fail || code === op.start) remove(number);
    if (code === op.end || code === op.fail) call?.ended(bytes, value, code === op.fail);
    else if (code === op.query)
      void answerQuery(value as QueryValue); // as the thread says it
    else if (code === op.message) call?.message(bytes ?? NOTHING);
    else if (code === op.credit) call?.credit(Number(value));
    else if (code === op.headers) call?.headers(value);
  }

  async function answerQuery(query: QueryValue): Promise<void> {
    const { id, call } = query;
    const signal = call === undefined ? undefined : calls.get(call)?.call?.signal;
    try {
      writer.say(op.query, 0, undefined, { id, result: await askQuery(query, signal) });
    } catch (reason) {
      writer.say(op.query, 0, undefined, { id, error: wireFromError(reason) satisfies WireError });
    }
  }

  worker.on("message", (message: Batch | Ready) => {
    signAtMs = performance.now();
    if (Array.isArray(message)) {
      readBatch(message as Batch, hear);
      onRoom();
    } else if ("ready" in message) loaded.resolve(message.ready);
    else if ("failed" in message) {
      trouble = new ConnectError(message.failed, Code.Unavailable);
      void worker.terminate();
    }
  });
  worker.on("error", (error) => {
    trouble ??= deathOf(error, heapMb);
  });
  worker.on("messageerror", () => void worker.terminate());
  worker.on("exit", (exitCode) => {
    const reason =
      trouble ??
      new ConnectError(`the thread of this call ended with exit code ${exitCode}`, Code.Unavailable);
    loaded.reject(reason);
    const waiting = takeBack(MAX_CALLS, true);
    for (const number of [...calls.keys()]) remove(number)?.lost(reason);
    onEnd(waiting);
  });
  loaded.promise.catch(() => {});

  return {
    ready: loaded.promise,
    get syncCalls() {
      return syncCalls;
    },
    get asyncCalls() {
      return asyncCalls;
    },
    get hasSlot() {
      return freeSlots.length > 0;
    },
    get signAtMs() {
      return signAtMs;
    },
    send(call, isSync) {
      const number = ++generation * MAX_CALLS + (freeSlots.pop() ?? 0);
      if (syncCalls + asyncCalls === 0) signAtMs = performance.now();
      Atomics.store(states, slotOf(number), state.waiting);
      calls.set(number, { call, isSync });
      if (isSync) syncCalls++;
      else asyncCalls++;
      const { value, bytes } = call.start();
      writer.say(op.start, number, bytes, value);
      call.sent(this, number);
    },
    say: writer.say,
    withdraw(number) {
      const sent = calls.get(number);
      return sent !== undefined && withdraw(number, sent) !== undefined;
    },
    takeBack: (most) => takeBack(most),
    cancel(number, reason) {
      if (calls.get(number)?.call === undefined) return;
      const code = reason instanceof ConnectError ? reason.code : Code.Canceled;
      Atomics.store(states, slotOf(number), code);
      writer.say(op.cancel, number, undefined, wireFromError(reason));
    },
    async terminate(reason) {
      trouble ??= reason;
      await worker.terminate();
    },
  };
}

/** A call that was sent. */
interface Sent {
  /** Undefined once it was taken back. */
  call: LinkedCall | undefined;
  readonly isSync: boolean;
}

const NOTHING = Buffer.alloc(0);

function deathOf(error: unknown, heapMb: number | undefined): ConnectError {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ERR_WORKER_OUT_OF_MEMORY")
    return new ConnectError(
      `a handler needs more memory than its thread has${heapMb === undefined ? "" : `, ${heapMb} MB`}`,
      Code.ResourceExhausted,
    );
  const text = error instanceof Error ? error.message : String(error);
  return new ConnectError(`the thread of this call failed: ${text}`, Code.Unavailable);
}
