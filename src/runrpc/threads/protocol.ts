/** `workerData` of a thread that runs handlers, under this key. */
export const setupKey = "runrpcHandlers";

/** What a thread runs. */
export interface ModuleSetup {
  /** The module of the handlers, as a URL. */
  readonly module: string;
  /** Of a threaded service; undefined where the functions of a module are called by their names. */
  readonly service: ServiceSetup | undefined;
  /** The names of the queries that handlers may ask for, by module; empty where there are none. */
  readonly queries: Readonly<Record<string, readonly string[]>>;
}

/** What a thread is started with. */
export interface ThreadSetup extends ModuleSetup {
  /** A word for each call that a thread may have: see `state`. */
  readonly states: SharedArrayBuffer;
  /** Of the channel. */
  readonly memory: SharedArrayBuffer;
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
  /** The module with the generated codecs, as a URL; undefined: messages are read and written by protobuf-es. */
  readonly codecs: string | undefined;
}

/**
 * The state of a call, in memory that both sides see. A thread begins a call that waits, or the main thread takes it back: both
 * swap `waiting`, and one of them wins. A word above 0 is the code with which a call was cancelled that has begun.
 */
export const state = { running: 0, waiting: -1, withdrawn: -2 } as const;

/** Calls that one thread may have: more than may be in it, as those that were taken back keep their word until it has seen so. */
export const MAX_CALLS = 256;

/** The word of a call among the states. */
export function slotOf(call: number): number {
  return call % MAX_CALLS;
}

/** Of a call: what is said of it, by number. Main to thread and back. */
export const op = {
  /** Nothing is said. */
  none: 0,
  /** A call begins. Bytes: the request of a method that takes one. Back: it was taken back before it had begun. */
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
  /** The call whose signal the query was given; undefined: none. */
  readonly call: number | undefined;
}

export interface QueryAnswer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: unknown;
}
