import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { factsOf } from "../server/call-facts.ts";
import { sendHeaders } from "../server/send-headers.ts";
import type { Pool } from "./pool.ts";
import { CREDIT_LOT, op, type SentHeaders, WINDOW } from "./protocol.ts";
import { startText } from "./start-text.ts";
import type { LinkedCall, ThreadLink } from "./thread-link.ts";
import { errorFromWire, pairsOf, type WireError, wireFromError } from "./wire-error.ts";

/** What the calls of a method are made with. */
export interface ThreadedCallOptions {
  readonly pool: Pool;
  /** The number of the method among those of the pool. */
  readonly number: number;
  /** Gives an application's error its class back. */
  readonly revive: (error: Error & Readonly<Record<string, unknown>>) => unknown;
}

/** Whom a call answers. */
export interface Outlet {
  message(bytes: Buffer): void;
  /** No code of the call runs any more. `bytes`: the one answer of a method that gives one. */
  done(bytes: Buffer | undefined): void;
  failed(reason: unknown): void;
}

/** The greatest request that is sent ahead to a thread that is busy, in bytes: what waits there is out of sight. */
const MAX_AHEAD_BYTES = 16_384;

/** One call, on its way to a thread and in it. A class, because each call makes one and several sides hold it. */
export class ThreadedCall implements LinkedCall {
  readonly method: number;
  readonly mayWait: boolean;
  place = -1;
  readonly #options: ThreadedCallOptions;
  #input: Uint8Array | AsyncIterable<Uint8Array>;
  readonly #context: HandlerContext;
  readonly #outlet: Outlet;
  #hasEnded = false;
  /** Why its thread was told to end it. */
  #cancelled: unknown = undefined;
  #link: ThreadLink | undefined = undefined;
  #number = 0;
  #taken = 0;
  #credit = WINDOW;
  #onCredit: (() => void) | undefined = undefined;
  /** Takes back that its thread is to end. */
  #forgive: (() => void) | undefined = undefined;
  /** Takes back that it hears of a cancel. */
  #forget: (() => void) | undefined = undefined;

  constructor(
    options: ThreadedCallOptions,
    input: Uint8Array | AsyncIterable<Uint8Array>,
    context: HandlerContext,
    outlet: Outlet,
  ) {
    this.method = options.number;
    this.mayWait = input instanceof Uint8Array && input.length <= MAX_AHEAD_BYTES;
    this.#options = options;
    this.#input = input;
    this.#context = context;
    this.#outlet = outlet;
  }

  /** @throws ConnectError where there is no room for it. */
  begin(): void {
    this.#forget = onCancel(this.#context, (reason) => this.cancel(reason));
    // It was cancelled before.
    if (this.#hasEnded) return;
    try {
      this.#options.pool.add(this);
    } catch (reason) {
      this.#hasEnded = true;
      this.#forget();
      throw reason;
    }
    // A request is a part of what its socket has read, which nothing that waits should keep.
    if (this.#link === undefined && this.#input instanceof Uint8Array) this.#input = ownBytes(this.#input);
  }

  start(): ReturnType<LinkedCall["start"]> {
    const bytes = this.#input instanceof Uint8Array ? this.#input : undefined;
    return { value: startText(this.method, this.#context), bytes };
  }

  sent(link: ThreadLink, number: number): void {
    this.#link = link;
    this.#number = number;
    if (!(this.#input instanceof Uint8Array)) void this.#send(link, this.#input);
  }

  get signal(): AbortSignal {
    return this.#context.signal;
  }

  lost(reason: ConnectError): void {
    if (this.#end()) this.#outlet.failed(reason);
  }

  ended(bytes: Buffer | undefined, value: unknown, hasFailed: boolean): void {
    if (!this.#end()) return;
    if (!hasFailed) {
      this.#takeHeaders(value as SentHeaders | undefined); // as the thread says it
      this.#outlet.done(bytes);
      return;
    }
    const [wire, sent] = value as readonly [WireError, SentHeaders | undefined]; // the same
    this.#takeHeaders(sent);
    // A handler that throws the reason of its signal gives a copy of it.
    const isCancel = isCopy(wire, this.#cancelled);
    this.#outlet.failed(isCancel ? this.#cancelled : errorFromWire(wire, this.#options.revive));
  }

  message(bytes: Buffer): void {
    this.#outlet.message(bytes);
  }

  credit(count: number): void {
    this.#credit += count;
    this.#onCredit?.();
    this.#onCredit = undefined;
  }

  headers(value: unknown): void {
    this.#takeHeaders(value as SentHeaders); // as the thread says it
    sendHeaders(this.#context);
  }

  /** A message of the handler's stream was taken: it may send more. */
  took(): void {
    if (++this.#taken % CREDIT_LOT === 0) this.#link?.say(op.credit, this.#number, undefined, CREDIT_LOT);
  }

  cancel(reason: unknown): void {
    if (this.#hasEnded || this.#forgive !== undefined) return;
    const { pool } = this.#options;
    const link = this.#link;
    if (pool.withdraw(this) || link === undefined || link.withdraw(this.#number)) {
      if (this.#end()) this.#outlet.failed(reason);
      return;
    }
    this.#cancelled = reason;
    link.cancel(this.#number, reason);
    this.#forgive = pool.endWithin(link);
  }

  /** What the client streams, as far as the handler takes it. */
  async #send(link: ThreadLink, input: AsyncIterable<Uint8Array>): Promise<void> {
    const number = this.#number;
    try {
      for await (const bytes of input) {
        if (this.#hasEnded) return;
        link.say(op.message, number, bytes);
        if (--this.#credit > 0) continue;
        await new Promise<void>((resolve) => {
          this.#onCredit = resolve;
        });
      }
      link.say(op.end, number, undefined);
    } catch (reason) {
      link.say(op.fail, number, undefined, wireFromError(reason));
    }
  }

  /** False: it has ended before. */
  #end(): boolean {
    if (this.#hasEnded) return false;
    this.#hasEnded = true;
    this.#forgive?.();
    this.#forget?.();
    // Whoever sends to it goes on, and sees that it has ended.
    this.credit(1);
    return true;
  }

  #takeHeaders(sent: SentHeaders | undefined): void {
    // The context makes its headers when they are read.
    if (sent?.header !== undefined) setAll(this.#context.responseHeader, sent.header);
    if (sent?.trailer !== undefined) setAll(this.#context.responseTrailer, sent.trailer);
  }
}

/** Without a signal, where the lane has something that costs less. */
function onCancel(context: HandlerContext, listener: (reason: unknown) => void): () => void {
  const facts = factsOf(context);
  if (facts !== undefined) return facts.onCancel(listener);
  const { signal } = context;
  const onAbort = (): void => listener(signal.reason);
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort);
  return () => signal.removeEventListener("abort", onAbort);
}

/** The same bytes, in no larger buffer than they need. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return 2 * bytes.byteLength < bytes.buffer.byteLength ? new Uint8Array(bytes) : bytes;
}

/** A name that is there several times has all of its values, as `Headers` joins them. */
function setAll(headers: Headers, flat: readonly string[]): void {
  const given = new Headers();
  for (const [name, value] of pairsOf(flat)) given.append(name, value);
  for (const [name, value] of given) headers.set(name, value);
}

/** What a call that was left by its reader is cancelled with. */
export function nobodyReads(): ConnectError {
  return new ConnectError("nobody reads this stream any more", Code.Canceled);
}

function isCopy(wire: WireError, original: unknown): boolean {
  return (
    original instanceof ConnectError &&
    wire.kind === "connect" &&
    wire.code === original.code &&
    wire.message === original.rawMessage
  );
}
