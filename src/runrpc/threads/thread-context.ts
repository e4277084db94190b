import type { ContextKey, ContextValues, HandlerContext } from "@connectrpc/connect";
import { monotonicMs } from "../monotonic.ts";
import type { StrayOrigin } from "../server/call/strays.ts";
import { sendHeadersKey } from "../server/send-headers.ts";
import type { SentHeaders } from "./protocol.ts";
import { readStart, type StartFacts } from "./start-text.ts";
import { createThreadSignal, type ThreadSignal } from "./thread-signal.ts";
import { pairsOf } from "./wire-error.ts";

/** What the contexts of a thread have in common. */
export interface ContextHost {
  readonly states: Int32Array;
  /** Has the response headers of a call leave before its first message. */
  sendHeaders(call: number, sent: SentHeaders | undefined): void;
  /** A call has asked for its signal. */
  signalMade(call: number, signal: AbortSignal): void;
}

/**
 * What a handler in a thread learns of its call, and what it has set. Everything is made when it is first read. A class,
 * because every call makes one.
 */
export class ThreadContext implements HandlerContext {
  readonly method: HandlerContext["method"];
  readonly #call: number;
  readonly #text: string;
  readonly #host: ContextHost;
  #facts: StartFacts | undefined = undefined;
  #signal: ThreadSignal | undefined = undefined;
  #abortReason: { readonly reason: unknown } | undefined = undefined;
  #requestHeader: Headers | undefined = undefined;
  #responseHeader: Headers | undefined = undefined;
  #responseTrailer: Headers | undefined = undefined;
  #values: ContextValues | undefined = undefined;

  /** @param text what `startText` made. */
  constructor(method: HandlerContext["method"], call: number, text: string, host: ContextHost) {
    this.method = method;
    this.#call = call;
    this.#text = text;
    this.#host = host;
  }

  get service(): HandlerContext["service"] {
    return this.method.parent;
  }

  get url(): string {
    const { target, base } = this.#start;
    return new URL(target, base).toString();
  }

  get requestMethod(): string {
    return this.#start.requestMethod;
  }

  get protocolName(): string {
    return this.#start.protocolName;
  }

  /** A function of its own, as it may be taken out of the context. */
  get timeoutMs(): () => number | undefined {
    const { deadlineMs } = this.#start;
    return () => (deadlineMs === undefined ? undefined : Math.max(0, deadlineMs - monotonicMs()));
  }

  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      this.#signal = createThreadSignal(this.#host.states, this.#call, this.#start.deadlineMs);
      if (this.#abortReason !== undefined) this.#signal.abort(this.#abortReason.reason);
      this.#host.signalMade(this.#call, this.#signal.signal);
    }
    return this.#signal.signal;
  }

  get requestHeader(): Headers {
    this.#requestHeader ??= headersOf(this.#start.headers);
    return this.#requestHeader;
  }

  get responseHeader(): Headers {
    this.#responseHeader ??= new Headers();
    return this.#responseHeader;
  }

  get responseTrailer(): Headers {
    this.#responseTrailer ??= new Headers();
    return this.#responseTrailer;
  }

  get values(): ContextValues {
    this.#values ??= valuesFrom(this.#start.values).set(sendHeadersKey, () =>
      this.#host.sendHeaders(this.#call, ThreadContext.sent(this)),
    );
    return this.#values;
  }

  /** What the handler has set; undefined where it has set nothing. */
  static sent(context: ThreadContext): SentHeaders | undefined {
    const header = context.#responseHeader;
    const trailer = context.#responseTrailer;
    return header === undefined && trailer === undefined
      ? undefined
      : { header: header && [...header].flat(), trailer: trailer && [...trailer].flat() };
  }

  /** What is told of the call where its code fails outside of it. */
  static origin(context: ThreadContext): StrayOrigin {
    const { name, parent } = context.method;
    return { path: `/${parent.typeName}/${name}`, requestId: context.#start.requestId };
  }

  /** The call is cancelled. The first reason stays. */
  static abort(context: ThreadContext, reason: unknown): void {
    context.#abortReason ??= { reason };
    context.#signal?.abort(reason);
  }

  get #start(): StartFacts {
    this.#facts ??= readStart(this.#text);
    return this.#facts;
  }
}

function headersOf(flat: readonly string[]): Headers {
  const headers = new Headers();
  for (const [name, value] of pairsOf(flat)) headers.append(name, value);
  return headers;
}

/** Context values of the main thread: a key of this thread finds the value that was set under a key of its description. */
function valuesFrom(given: ReadonlyMap<string, unknown>): ContextValues {
  const own = new Map<symbol, unknown>();
  const values: ContextValues = {
    get<T>(key: ContextKey<T>): T {
      if (own.has(key.id)) return own.get(key.id) as T; // set under this key
      const name = key.id.description ?? "";
      return given.has(name) ? (given.get(name) as T) : key.defaultValue; // of the same key, in the other thread
    },
    set(key, value) {
      own.set(key.id, value);
      return values;
    },
    delete(key) {
      own.delete(key.id);
      return values;
    },
  };
  return values;
}
