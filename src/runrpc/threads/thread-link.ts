import { Worker } from "node:worker_threads";
import { Code, ConnectError } from "@connectrpc/connect";
import { createBatchWriter, readBatch } from "./batch.ts";
import {
  type Batch,
  type MethodKind,
  op,
  type QueryValue,
  type Ready,
  setupKey,
  type ThreadSetup,
} from "./protocol.ts";
import { type WireError, wireFromError } from "./wire-error.ts";

/** What a call hears from its thread. */
export interface LinkedCall {
  /** No code of it runs any more. `value` is what the thread says of headers, and of the error. */
  ended(bytes: Uint8Array | undefined, value: unknown, hasFailed: boolean): void;
  message(bytes: Uint8Array): void;
  credit(count: number): void;
  headers(value: unknown): void;
  /** The thread has ended under it. */
  lost(reason: ConnectError): void;
}

/** Answers the queries of a thread. */
export type AskQuery = (query: QueryValue, signal: AbortSignal | undefined) => Promise<unknown>;

export interface LinkOptions {
  readonly setup: Omit<ThreadSetup, "flags">;
  readonly heapMb: number | undefined;
  readonly askQuery: AskQuery;
  readonly onReady: () => void;
  /** The thread has ended, whoever ended it; with a reason that its calls were told. */
  readonly onEnd: (reason: ConnectError) => void;
}

/** One thread, seen from the main one. */
export interface ThreadLink {
  /** Resolves when it has loaded the handlers; rejects with the reason why it has not. */
  readonly ready: Promise<readonly MethodKind[]>;
  /** Calls that run in it. */
  readonly size: number;
  /** One of them has it for itself. */
  readonly isHeld: boolean;
  /** Begins a call, and gives its number. `startOf` is told which word of the flags is its own. */
  begin(
    call: LinkedCall,
    isSync: boolean,
    bytes: Uint8Array | undefined,
    startOf: (slot: number) => unknown,
    signal?: (() => AbortSignal) | undefined,
  ): number;
  say(code: number, call: number, bytes: Uint8Array | undefined, value?: unknown): void;
  /** Tells a call that it is cancelled, also one that does not hear. */
  cancel(call: number, reason: unknown): void;
  /** Ends the thread, whatever it does. */
  terminate(reason: ConnectError): Promise<void>;
}

/** Calls that one thread may have. */
export const MAX_CALLS = 256;

const file = new URL(`./thread.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`, import.meta.url);

export function startThread({ setup, heapMb, askQuery, onReady, onEnd }: LinkOptions): ThreadLink {
  const flags = new Int32Array(new SharedArrayBuffer(4 * MAX_CALLS));
  const worker = new Worker(file, {
    name: "handlers",
    workerData: { [setupKey]: { ...setup, flags: flags.buffer } satisfies ThreadSetup },
    ...(heapMb === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: heapMb } }),
  });
  worker.unref();
  const writer = createBatchWriter((batch, transfer) => worker.postMessage(batch, transfer));
  const calls = new Map<number, Running>();
  const freeSlots = Array.from({ length: MAX_CALLS }, (_, slot) => slot);
  const loaded = Promise.withResolvers<readonly MethodKind[]>();
  let lastCall = 0;
  let trouble: ConnectError | undefined;
  let held = 0;

  function remove(number: number): Running | undefined {
    const running = calls.get(number);
    if (running === undefined) return undefined;
    calls.delete(number);
    if (running.isSync) held--;
    freeSlots.push(running.slot);
    return running;
  }

  function hear(code: number, number: number, bytes: Uint8Array | undefined, value: unknown): void {
    if (code === op.query)
      return void answerQuery(value as QueryValue & { readonly call: number | undefined }); // as the thread says it
    if (code === op.end || code === op.fail) {
      remove(number)?.call.ended(bytes, value, code === op.fail);
      onReady();
      return;
    }
    const call = calls.get(number)?.call;
    if (code === op.message) call?.message(bytes ?? new Uint8Array());
    else if (code === op.credit) call?.credit(Number(value));
    else if (code === op.headers) call?.headers(value);
  }

  async function answerQuery(query: QueryValue & { readonly call: number | undefined }): Promise<void> {
    const { id, call } = query;
    const signal = call === undefined ? undefined : calls.get(call)?.signal?.();
    try {
      writer.say(op.query, 0, undefined, { id, result: await askQuery(query, signal) });
    } catch (reason) {
      writer.say(op.query, 0, undefined, { id, error: wireFromError(reason) satisfies WireError });
    }
  }

  worker.on("message", (message: Batch | Ready) => {
    if (Array.isArray(message)) readBatch(message as Batch, hear);
    else if ("ready" in message) {
      loaded.resolve(message.ready);
      onReady();
    } else if ("failed" in message) {
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
    for (const number of [...calls.keys()]) remove(number)?.call.lost(reason);
    onEnd(reason);
  });
  loaded.promise.catch(() => {});

  return {
    ready: loaded.promise,
    get size() {
      return calls.size;
    },
    get isHeld() {
      return held > 0;
    },
    begin(call, isSync, bytes, startOf, signal) {
      const slot = freeSlots.pop() ?? 0;
      const number = ++lastCall;
      Atomics.store(flags, slot, 0);
      calls.set(number, { call, isSync, slot, signal });
      if (isSync) held++;
      writer.say(op.start, number, bytes, startOf(slot));
      return number;
    },
    say: writer.say,
    cancel(number, reason) {
      const running = calls.get(number);
      if (running === undefined) return;
      Atomics.store(flags, running.slot, reason instanceof ConnectError ? reason.code : Code.Canceled);
      writer.say(op.cancel, number, undefined, wireFromError(reason));
    },
    async terminate(reason) {
      trouble ??= reason;
      await worker.terminate();
    },
  };
}

interface Running {
  readonly call: LinkedCall;
  readonly isSync: boolean;
  readonly slot: number;
  readonly signal: (() => AbortSignal) | undefined;
}

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
