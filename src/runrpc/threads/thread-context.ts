import type { DescMethod } from "@bufbuild/protobuf";
import type { ContextKey, ContextValues, HandlerContext } from "@connectrpc/connect";
import { sendHeadersKey } from "../server/send-headers.ts";
import type { SentHeaders, StartValue } from "./protocol.ts";
import { createThreadSignal, type ThreadSignal } from "./thread-signal.ts";
import { pairsOf } from "./wire-error.ts";

/** What a handler in a thread learns of its call, and what it has set. Everything is made when it is first read. */
export interface ThreadContext {
  readonly context: HandlerContext;
  /** Undefined where it has set nothing. */
  sent(): SentHeaders | undefined;
  abort(reason: unknown): void;
}

export function createThreadContext(
  method: DescMethod,
  start: StartValue,
  flags: Int32Array,
  sendHeaders: () => void,
): ThreadContext {
  const { headers, url, requestMethod, protocolName, timeoutMs, slot } = start;
  const startedMs = performance.now();
  let signal: ThreadSignal | undefined;
  let abortReason: { readonly reason: unknown } | undefined;
  let requestHeader: Headers | undefined;
  let responseHeader: Headers | undefined;
  let responseTrailer: Headers | undefined;
  let values: ContextValues | undefined;

  const context: HandlerContext = {
    method,
    service: method.parent,
    url,
    requestMethod,
    protocolName,
    timeoutMs: () =>
      timeoutMs === undefined ? undefined : Math.max(0, timeoutMs - (performance.now() - startedMs)),
    get signal() {
      if (signal === undefined) {
        signal = createThreadSignal(flags, slot);
        if (abortReason !== undefined) signal.abort(abortReason.reason);
      }
      return signal.signal;
    },
    get requestHeader() {
      requestHeader ??= headersOf(headers);
      return requestHeader;
    },
    get responseHeader() {
      responseHeader ??= new Headers();
      return responseHeader;
    },
    get responseTrailer() {
      responseTrailer ??= new Headers();
      return responseTrailer;
    },
    get values() {
      values ??= valuesFrom(start.values).set(sendHeadersKey, sendHeaders);
      return values;
    },
  };
  return {
    context,
    sent: () =>
      responseHeader === undefined && responseTrailer === undefined
        ? undefined
        : {
            header: responseHeader && [...responseHeader].flat(),
            trailer: responseTrailer && [...responseTrailer].flat(),
          },
    abort(reason) {
      abortReason ??= { reason };
      signal?.abort(reason);
    },
  };
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
