/** `workerData` of a thread that runs handlers, under this key. */
export const setupKey = "runrpcHandlers";

/** What a thread is started with. */
export interface ThreadSetup {
  /** The module of the handlers, as a URL. */
  readonly module: string;
  /** Of a threaded service; undefined where the functions of a module are called by their names. */
  readonly service: ServiceSetup | undefined;
  /** The names of the queries that handlers may ask for, by module; empty where there are none. */
  readonly queries: Readonly<Record<string, readonly string[]>>;
  /** One word for each call that a thread may have: 0, or the code with which the call was cancelled. */
  readonly flags: SharedArrayBuffer;
}

/** A service as a thread can be told of it: descriptors have functions, and cannot be cloned. */
export interface ServiceSetup {
  readonly typeName: string;
  /** google.protobuf.FileDescriptorSet of its file and all that this imports. */
  readonly files: Uint8Array;
  /** Local names of the methods that run here. */
  readonly methods: readonly string[];
  /** An answer with a field that its message does not have fails its call. */
  readonly strictAnswers: boolean;
}

/** Of a call: what is said of it, by number. Main to thread and back. */
export const op = {
  /** A call begins. Bytes: the request of a method that takes one. */
  start: 1,
  /** A message of the client's stream; a message of the handler's. */
  message: 2,
  /** The stream has ended well. Back: so has the handler; with bytes, its one answer. */
  end: 3,
  /** The client's stream is broken. Back: the handler has failed. */
  fail: 4,
  /** The other side may send so many messages more. */
  credit: 5,
  /** The call is cancelled. Back: the response headers, on their own. */
  cancel: 6,
  headers: 7,
  /** A query for the main thread, and what came of it. */
  query: 8,
} as const;

/** Messages that one side may send before the other has taken them. */
export const WINDOW = 32;

/** Credit is given back in such lots. */
export const CREDIT_LOT = 16;

/**
 * A message between threads: all that was said in one turn, four places for each thing, `op, call, bytes, value`, where `bytes`
 * is the length of its part of the buffer, or -1. One buffer is transferred for all of them, not copied.
 */
export type Batch = readonly [entries: readonly unknown[], buffer: Uint8Array<ArrayBuffer> | undefined];

/**
 * A call, as it begins in a thread: one text of all that is told of it, which is cloned for less than an object of many fields,
 * and the context values where there are any. `packStart` makes it and `unpackStart` reads it.
 */
export type PackedStart = string | readonly [text: string, values: ReadonlyMap<string, unknown>];

/** The same, taken apart. */
export interface StartValue {
  readonly method: number;
  /** Which word of the flags is its own. */
  readonly slot: number;
  /** Undefined: there is no deadline. */
  readonly timeoutMs: number | undefined;
  readonly requestMethod: string;
  readonly protocolName: string;
  readonly url: string;
  /** Name, value, name, value. */
  readonly headers: readonly string[];
  /** Context values by the descriptions of their keys, as far as they can be cloned. */
  readonly values: ReadonlyMap<string, unknown>;
}

/** In none of the parts: HTTP allows it in no header and in no target. */
const BETWEEN = "\n";

export function packStart(start: StartValue): PackedStart {
  const { method, slot, timeoutMs = "", requestMethod, protocolName, url, headers, values } = start;
  const text = [method, slot, timeoutMs, requestMethod, protocolName, url, ...headers].join(BETWEEN);
  return values.size === 0 ? text : [text, values];
}

export function unpackStart(packed: PackedStart): StartValue {
  const [text, values] = typeof packed === "string" ? [packed, NO_VALUES] : packed;
  const [method, slot, timeoutMs, requestMethod = "", protocolName = "", url = "", ...headers] =
    text.split(BETWEEN);
  return {
    method: Number(method),
    slot: Number(slot),
    timeoutMs: timeoutMs === "" ? undefined : Number(timeoutMs),
    requestMethod,
    protocolName,
    url,
    headers,
    values,
  };
}

const NO_VALUES: ReadonlyMap<string, unknown> = new Map();

/** What a handler has set of headers and trailers; undefined where it has not looked at them: mostly there is none of it. */
export interface SentHeaders {
  readonly header: readonly string[] | undefined;
  readonly trailer: readonly string[] | undefined;
}

/** A thread's first message. */
export type Ready = { readonly ready: readonly MethodKind[] } | { readonly failed: string };

/**
 * How a method's function runs: `sync` holds its thread from the beginning to the end, so that it has the thread for itself;
 * others share it while they await.
 */
export type MethodKind = "sync" | "async";

/** A query for the main thread. */
export interface QueryValue {
  readonly id: number;
  readonly module: string;
  readonly query: string;
  readonly input: unknown;
}

export interface QueryAnswer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: unknown;
}
