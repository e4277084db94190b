import { Worker } from "node:worker_threads";
import { Code, ConnectError } from "@connectrpc/connect";
import type { InLine } from "../line.ts";
import { CHANNEL_BYTES, createChannel } from "./channel.ts";
import {
  MAX_CALLS,
  type MethodKind,
  type ModuleSetup,
  op,
  type QueryAnswer,
  type QueryValue,
  type Ready,
  setupKey,
  slotOf,
  type ThreadSetup,
} from "./protocol.ts";
import { createSentCalls } from "./sent-calls.ts";
import { leaveAgain, type Stray } from "./strays.ts";
import { type WireError, wireFromError } from "./wire-error.ts";

/** A call for a thread, and what it hears from there. */
export interface LinkedCall extends InLine {
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
  readonly setup: ModuleSetup;
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

/** Turns without anything to hear, after which the thread is to wake this one. */
const QUIET_TURNS = 2;

/**
 * A thread that says nothing for the first of these may be held by a call, while the answers of others wait to be sent: its draft
 * is read then, and again after twice the time each, in milliseconds.
 */
const LOOK_MS = { first: 5, greatest: 1_000 } as const;

const file = new URL(`./thread.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

export function startThread({ setup, heapMb, askQuery, onRoom, onEnd }: LinkOptions): ThreadLink {
  const states = new Int32Array(new SharedArrayBuffer(4 * MAX_CALLS));
  const memory = new SharedArrayBuffer(CHANNEL_BYTES);
  const worker = new Worker(file, {
    name: "handlers",
    workerData: { [setupKey]: { ...setup, states: states.buffer, memory } satisfies ThreadSetup },
    ...(heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } }),
  });
  worker.unref();
  const channel = createChannel({
    memory,
    side: "main",
    post: (message, transfer) => worker.postMessage(message, transfer),
    hear,
    instead: unsendable,
  });
  const calls = createSentCalls<LinkedCall>(states);
  const loaded = Promise.withResolvers<readonly MethodKind[]>();
  let trouble: ConnectError | undefined;
  let signAtMs = performance.now();
  let isAttending = false;
  let quietTurns = 0;
  let look: NodeJS.Timeout | undefined;

  function unsendable(code: number, number: number, value: unknown, reason: unknown) {
    const error = new ConnectError(`this cannot be sent to a thread: ${reason}`, Code.Internal);
    if (code !== op.query) {
      calls.remove(number)?.lost(error);
      // The thread has nothing to say of it. Not yet: what it makes room for would come into the batch that is being sent.
      queueMicrotask(onRoom);
      return [op.none, undefined] as const;
    }
    const { id } = value as QueryAnswer; // as answerQuery writes it
    return [op.query, { id, error: wireFromError(error) } satisfies QueryAnswer] as const;
  }

  function hear(code: number, number: number, bytes: Buffer | undefined, value: unknown): void {
    const isOver = code === op.end || code === op.fail || code === op.start;
    const call = isOver ? calls.remove(number) : calls.get(number);
    if (code === op.end || code === op.fail) call?.ended(bytes, value, code === op.fail);
    else if (code === op.query)
      void answerQuery(value as QueryValue); // as the thread says it
    else if (code === op.message) call?.message(bytes ?? NOTHING);
    else if (code === op.credit) call?.credit(Number(value));
    else if (code === op.headers) call?.headers(value);
  }

  async function answerQuery(query: QueryValue): Promise<void> {
    const { id, call } = query;
    const signal = call === undefined ? undefined : calls.get(call)?.signal;
    try {
      channel.say(op.query, 0, undefined, { id, result: await askQuery(query, signal) });
    } catch (reason) {
      channel.say(op.query, 0, undefined, { id, error: wireFromError(reason) satisfies WireError });
    }
  }

  /** Hears it, and then in each turn what has come meanwhile, until nothing has. */
  function attend(): void {
    if (!isAttending) setImmediate(attendAgain);
    isAttending = true;
    quietTurns = hearAll() ? 0 : quietTurns + 1;
  }

  function attendAgain(): void {
    isAttending = false;
    if (quietTurns < QUIET_TURNS || !channel.rest()) {
      attend();
      return;
    }
    quietTurns = 0;
    if (calls.syncCalls > 0) lookLater(LOOK_MS.first);
  }

  function hearAll(): boolean {
    return heardSome(channel.hear());
  }

  function heardSome(hasHeard: boolean): boolean {
    if (!hasHeard) return false;
    clearTimeout(look);
    look = undefined;
    signAtMs = performance.now();
    onRoom();
    return true;
  }

  function lookLater(afterMs: number): void {
    look ??= setTimeout(lookAgain, afterMs, afterMs).unref();
  }

  function lookAgain(afterMs: number): void {
    look = undefined;
    if (isAttending || calls.syncCalls === 0) return;
    const hasHeard = heardSome(channel.hearDraft());
    // What waits in it may go to another thread.
    if (!hasHeard) onRoom();
    lookLater(hasHeard ? LOOK_MS.first : Math.min(2 * afterMs, LOOK_MS.greatest));
  }

  worker.on("message", (message: unknown) => {
    if (channel.take(message)) {
      attend();
      return;
    }
    signAtMs = performance.now();
    const said = message as Ready | Stray; // all else is the channel's, or under `node --watch` Node's own, which names a module
    if ("ready" in said) loaded.resolve(said.ready);
    else if ("stray" in said) leaveAgain(said);
    else if ("failed" in said) {
      trouble = new ConnectError(said.failed, Code.Unavailable);
      void worker.terminate();
    }
  });
  worker.on("error", (error) => {
    trouble ??= deathOf(error, heapMb);
  });
  worker.on("messageerror", () => void worker.terminate());
  worker.on("exit", (exitCode) => {
    // What it said last, also what it had no time to send; nothing more is sent to it.
    channel.hearDraft();
    clearTimeout(look);
    const reason =
      trouble ??
      new ConnectError(`the thread of this call ended with exit code ${exitCode}`, Code.Unavailable);
    loaded.reject(reason);
    const waiting = calls.takeBack(MAX_CALLS, true);
    for (const call of calls.removeAll()) call.lost(reason);
    onEnd(waiting);
  });
  loaded.promise.catch(() => {});

  return {
    ready: loaded.promise,
    get syncCalls() {
      return calls.syncCalls;
    },
    get asyncCalls() {
      return calls.asyncCalls;
    },
    get hasSlot() {
      return calls.hasSlot;
    },
    get signAtMs() {
      return signAtMs;
    },
    send(call, isSync) {
      if (calls.syncCalls + calls.asyncCalls === 0) signAtMs = performance.now();
      const number = calls.add(call, isSync);
      const { value, bytes } = call.start();
      channel.say(op.start, number, bytes, value);
      call.sent(this, number);
      if (isSync && !isAttending) lookLater(LOOK_MS.first);
    },
    say: channel.say,
    withdraw: (number) => calls.withdraw(number) !== undefined,
    takeBack: (most) => calls.takeBack(most),
    cancel(number, reason) {
      if (calls.get(number) === undefined) return;
      const code = reason instanceof ConnectError ? reason.code : Code.Canceled;
      Atomics.store(states, slotOf(number), code);
      channel.say(op.cancel, number, undefined, wireFromError(reason));
    },
    async terminate(reason) {
      trouble ??= reason;
      await worker.terminate();
    },
  };
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
