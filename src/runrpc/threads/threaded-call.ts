import { type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { sendHeaders } from "../server/send-headers.ts";
import type { Pool, PooledCall } from "./pool.ts";
import {
  CREDIT_LOT,
  op,
  type PackedStart,
  packStart,
  type SentHeaders,
  type StartValue,
  WINDOW,
} from "./protocol.ts";
import type { LinkedCall, ThreadLink } from "./thread-link.ts";
import { errorFromWire, pairsOf, type WireError, wireFromError } from "./wire-error.ts";

/** What a call on a thread is made with. */
export interface ThreadedCallOptions {
  readonly pool: Pool;
  readonly method: DescMethod;
  /** Its number among the methods of the pool. */
  readonly number: number;
  /** Gives an application's error its class back. */
  readonly revive: (error: Error & Readonly<Record<string, unknown>>) => unknown;
}

/** A call with one answer. It settles when no code of it runs any more, whatever its client was told by then. */
export async function callForMessage(
  options: ThreadedCallOptions,
  input: Message | AsyncIterable<Message>,
  context: HandlerContext,
): Promise<Message> {
  const call = new ThreadedCall(options, input, context);
  call.start();
  const bytes = await call.outcome;
  return fromBinary(options.method.output, bytes ?? new Uint8Array());
}

/** A call that streams its answers. */
export function callForStream(
  options: ThreadedCallOptions,
  input: Message | AsyncIterable<Message>,
  context: HandlerContext,
): AsyncIterable<Message> {
  return {
    [Symbol.asyncIterator]() {
      const call = new ThreadedCall(options, input, context);
      call.start();
      return call;
    },
  };
}

type Next = IteratorResult<Message, undefined>;

/** One call, on its way to a thread and in it. A class, because several sides hold it: its caller, the pool and the thread. */
class ThreadedCall implements PooledCall, LinkedCall, AsyncIterator<Message, undefined> {
  readonly method: number;
  /** Settles when no code of the call runs any more, with the bytes of its one answer. */
  readonly outcome: Promise<Uint8Array | undefined>;
  readonly #options: ThreadedCallOptions;
  readonly #input: Message | AsyncIterable<Message>;
  readonly #context: HandlerContext;
  readonly #settle = Promise.withResolvers<Uint8Array | undefined>();
  readonly #messages: Uint8Array[] = [];
  #taken = 0;
  #waiter: PromiseWithResolvers<Next> | undefined = undefined;
  #end: { readonly reason: unknown; readonly hasFailed: boolean } | undefined = undefined;
  #link: ThreadLink | undefined = undefined;
  #number = 0;
  #credit = WINDOW;
  #onCredit: (() => void) | undefined = undefined;
  #forgive: (() => void) | undefined = undefined;
  readonly #onAbort = (): void => this.#cancel(this.#context.signal.reason);

  constructor(
    options: ThreadedCallOptions,
    input: Message | AsyncIterable<Message>,
    context: HandlerContext,
  ) {
    this.method = options.number;
    this.#options = options;
    this.#input = input;
    this.#context = context;
    this.outcome = this.#settle.promise;
    // The reader of a stream is told by its messages.
    this.outcome.catch(() => {});
  }

  /** @throws ConnectError where there is no room for it, and the reason of a signal that has aborted. */
  start(): void {
    const { signal } = this.#context;
    signal.throwIfAborted();
    signal.addEventListener("abort", this.#onAbort);
    try {
      this.#options.pool.add(this);
    } catch (reason) {
      signal.removeEventListener("abort", this.#onAbort);
      throw reason;
    }
  }

  begin(link: ThreadLink, isSync: boolean): void {
    const { method } = this.#options;
    this.#link = link;
    const takesOne = method.methodKind === "unary" || method.methodKind === "server_streaming";
    // A method of these kinds is given its one message, any other one a stream of them.
    const bytes = takesOne ? toBinary(method.input, this.#input as Message) : undefined;
    const startOf = (slot: number): PackedStart => packStart(startValue(this.#context, this.method, slot));
    this.#number = link.begin(this, isSync, bytes, startOf, () => this.#context.signal);
    if (!takesOne) void this.#send(link, this.#input as AsyncIterable<Message>);
  }

  refuse(reason: ConnectError): void {
    this.#finish(undefined, { reason, hasFailed: true });
  }

  lost(reason: ConnectError): void {
    this.#finish(undefined, { reason, hasFailed: true });
  }

  ended(bytes: Uint8Array | undefined, value: unknown, hasFailed: boolean): void {
    if (hasFailed) {
      const [wire, sent] = value as readonly [WireError, SentHeaders | undefined]; // as the thread says it
      this.#takeHeaders(sent);
      this.#finish(undefined, { reason: errorFromWire(wire, this.#options.revive), hasFailed });
      return;
    }
    this.#takeHeaders(value as SentHeaders | undefined); // the same
    this.#finish(bytes, { reason: undefined, hasFailed });
  }

  message(bytes: Uint8Array): void {
    this.#messages.push(bytes);
    this.#wake();
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

  next(): Promise<Next> {
    this.#waiter = Promise.withResolvers<Next>();
    const { promise } = this.#waiter;
    this.#wake();
    return promise;
  }

  /** Its reader has left: it resolves when the generator has ended. */
  async return(): Promise<Next> {
    // The signal of a call that was cancelled says why, and aborts in the same turn.
    await undefined;
    this.#cancel(new ConnectError("nobody reads this stream any more", Code.Canceled));
    await this.outcome.catch(() => {});
    return { done: true, value: undefined };
  }

  #wake(): void {
    const waiter = this.#waiter;
    if (waiter === undefined) return;
    const bytes = this.#messages.shift();
    if (bytes !== undefined) {
      this.#waiter = undefined;
      if (++this.#taken % CREDIT_LOT === 0) this.#link?.say(op.credit, this.#number, undefined, CREDIT_LOT);
      waiter.resolve({ done: false, value: fromBinary(this.#options.method.output, bytes) });
    } else if (this.#end !== undefined) {
      this.#waiter = undefined;
      if (this.#end.hasFailed) waiter.reject(this.#end.reason);
      else waiter.resolve({ done: true, value: undefined });
    }
  }

  /** What the client streams, as far as the handler takes it. */
  async #send(link: ThreadLink, input: AsyncIterable<Message>): Promise<void> {
    const { method } = this.#options;
    try {
      for await (const message of input) {
        if (this.#end !== undefined) return;
        link.say(op.message, this.#number, toBinary(method.input, message));
        if (--this.#credit > 0) continue;
        await new Promise<void>((resolve) => {
          this.#onCredit = resolve;
        });
      }
      link.say(op.end, this.#number, undefined);
    } catch (reason) {
      link.say(op.fail, this.#number, undefined, wireFromError(reason));
    }
  }

  #cancel(reason: unknown): void {
    if (this.#end !== undefined) return;
    const { pool } = this.#options;
    if (pool.withdraw(this)) {
      this.#finish(undefined, { reason, hasFailed: true });
    } else if (this.#link !== undefined && this.#forgive === undefined) {
      this.#link.cancel(this.#number, reason);
      this.#forgive = pool.endWithin(this.#link);
    }
  }

  #finish(
    bytes: Uint8Array | undefined,
    end: { readonly reason: unknown; readonly hasFailed: boolean },
  ): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#forgive?.();
    this.#context.signal.removeEventListener("abort", this.#onAbort);
    // Whoever sends to it goes on, and sees that it has ended.
    this.credit(1);
    if (end.hasFailed) this.#settle.reject(end.reason);
    else this.#settle.resolve(bytes);
    this.#wake();
  }

  #takeHeaders(sent: SentHeaders | undefined): void {
    // The context makes its headers when they are read.
    if (sent?.header !== undefined) setAll(this.#context.responseHeader, sent.header);
    if (sent?.trailer !== undefined) setAll(this.#context.responseTrailer, sent.trailer);
  }
}

/** A name that is there several times has all of its values, as `Headers` joins them. */
function setAll(headers: Headers, flat: readonly string[]): void {
  const given = new Headers();
  for (const [name, value] of pairsOf(flat)) given.append(name, value);
  for (const [name, value] of given) headers.set(name, value);
}

function startValue(context: HandlerContext, method: number, slot: number): StartValue {
  return {
    method,
    slot,
    headers: [...context.requestHeader].flat(),
    url: context.url,
    requestMethod: context.requestMethod,
    protocolName: context.protocolName,
    timeoutMs: context.timeoutMs(),
    values: cloneable(context.values),
  };
}

/** Connect's context values are fields under the symbols of their keys; what cannot be cloned stays here. */
function cloneable(values: object): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>();
  for (const symbol of Object.getOwnPropertySymbols(values)) {
    const value: unknown = Reflect.get(values, symbol);
    if (symbol.description === undefined || !isCloneable(value)) continue;
    found.set(symbol.description, value);
  }
  return found;
}

function isCloneable(value: unknown): boolean {
  if (typeof value !== "object" || value === null)
    return typeof value !== "function" && typeof value !== "symbol";
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}
