import { DataError } from "./data-error.ts";
import { heardPromise } from "./heard-promise.ts";
import type { Manifest } from "./manifest.ts";
import type { QueryModules } from "./query.ts";

/** How a read is called. */
export interface ReadOptions {
  /**
   * Rejects the call with the signal's reason. A query that still waits never runs. One that runs is cancelled on Postgres;
   * on SQLite, which cannot be interrupted, it goes on to its end, unheard.
   */
  readonly signal?: AbortSignal | undefined;
}

/** How a write is called. A write that has begun when its signal aborts may still be committed. */
export interface WriteOptions extends ReadOptions {
  /** Goes only when no other write waits, in a small transaction of its own: for logs and counts. Default false. */
  readonly background?: boolean | undefined;
  /**
   * Writes of this process with the same text go one after the other, in the order of their calls: on a server with several
   * connections they would overtake each other. On SQLite all do. Default: as it comes.
   */
  readonly order?: string | undefined;
}

/** Any call. */
export interface CallOptions extends WriteOptions {
  /** Told how long it ran in its worker, in milliseconds, before it has its answer: for debug mode. */
  readonly onRan?: ((ranMs: number) => void) | undefined;
}

/** The queries of all modules, as async functions for the main thread. */
export type Queries<M extends QueryModules> = {
  readonly [Name in keyof M]: Calls<M[Name]["read"], ReadOptions> & Calls<M[Name]["write"], WriteOptions>;
};

type Calls<Q, Options> = Q extends object ? { readonly [Name in keyof Q]: Call<Q[Name], Options> } : unknown;

type Call<F, Options> = F extends (db: never, ...input: infer Input) => Promise<infer Result>
  ? Input extends []
    ? (input?: undefined, options?: Options) => Promise<Cloned<Result>>
    : undefined extends Input[0]
      ? (input?: Input[0], options?: Options) => Promise<Cloned<Result>>
      : (input: Input[0], options?: Options) => Promise<Cloned<Result>>
  : never;

/** A value after structured clone: a Buffer arrives as Uint8Array. */
export type Cloned<T> = T extends Uint8Array
  ? Uint8Array
  : T extends Date | bigint | string | number | boolean | symbol | null | undefined
    ? T
    : T extends object
      ? { [K in keyof T]: Cloned<T[K]> }
      : T;

/**
 * Makes the functions that {@link Queries} describes from a worker's manifest. The name of a query that no worker
 * serves throws `internal` with the names that there are. `onUnheard` is called for a query that is rejected and that
 * nobody awaits.
 */
export function createQueryProxy<M extends QueryModules>(
  manifest: Manifest,
  call: (
    kind: "read" | "write",
    query: number,
    input: unknown,
    options: CallOptions | undefined,
  ) => Promise<unknown>,
  onUnheard: (query: string, reason: unknown) => void,
): Queries<M> {
  const modules = withClearMiss("the store");
  for (const [number, [module, query, kind]] of manifest.entries()) {
    if (!Object.hasOwn(modules, module)) modules[module] = withClearMiss(module);
    const functions = modules[module] as Record<string, unknown>; // Made by the line above.
    const unheard = (reason: unknown): void => onUnheard(`${module}.${query}`, reason);
    functions[query] = (input: unknown, options?: CallOptions) =>
      heardPromise(call(kind, number, input, options), unheard);
  }
  return modules as Queries<M>; // The manifest lists what M is the type of: both come from one worker file.
}

/**
 * An object whose missing names throw. The trap sits in the prototype, so that a name which is there costs nothing.
 */
function withClearMiss(owner: string): Record<string, unknown> {
  const known: Record<string, unknown> = Object.create(
    new Proxy(Object.prototype, {
      get(target, name) {
        // What awaiting, printing and serialising look up is not a query.
        if (typeof name === "symbol" || name === "then" || name === "toJSON" || name in target) {
          return Reflect.get(target, name);
        }
        const names = Object.keys(known).sort().join(", ");
        throw new DataError("internal", `${owner} has no query ${name}; the worker serves: ${names}`);
      },
    }),
  );
  return known;
}
