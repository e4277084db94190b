import { checkOptionNames } from "../option-names.ts";
import { createPool, type Pool, type PoolOptions } from "./pool.ts";
import type { LinkedCall, ThreadLink } from "./thread-link.ts";
import { threadedDefaults } from "./threaded.ts";
import { errorFromWire, type WireError } from "./wire-error.ts";

/** The functions of a module, as those of the main thread call them: each takes one value that can be cloned. */
export type Offloaded<M> = {
  readonly [Name in keyof M as M[Name] extends (...args: never[]) => unknown
    ? Name
    : never]: M[Name] extends (input: infer Input, ...rest: never[]) => infer Result
    ? (input: Input, options?: { readonly signal?: AbortSignal | undefined }) => Promise<Awaited<Result>>
    : never;
} & AsyncDisposable;

/**
 * Runs functions of a module in threads: for one heavy piece of a handler. A function is called with its input and
 * `{ signal }`, as a handler is; what it takes and gives is cloned.
 *
 *     const heavy = offload<typeof import("./percentiles.ts")>(new URL("./percentiles.ts", import.meta.url));
 *     const result = await heavy.percentiles(values, { signal });
 *
 * The threads start with the first call, and keep no process alive.
 */
export function offload<M>(
  module: URL,
  options: Partial<Omit<PoolOptions, "setup" | "askQuery" | "callsPerThread">> = {},
): Offloaded<M> {
  checkOptionNames("offload", options, ["threads", "maxQueued", "graceMs", "heapMb"]);
  const pool = createPool({
    ...threadedDefaults,
    ...options,
    callsPerThread: 1,
    setup: () => ({ module: module.href, service: undefined, queries: {} }),
    askQuery: () => Promise.reject(new Error("a function has no queries")),
  });
  const call =
    (name: string) =>
    (input: unknown, { signal }: { readonly signal?: AbortSignal } = {}) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        pool.add(createCall(pool, name, input, signal, { resolve, reject }));
      });
  const known = new Map<string, unknown>();
  return new Proxy(
    {},
    {
      get(_target, name) {
        if (name === Symbol.asyncDispose) return pool.close;
        // An object that is awaited is asked for `then`.
        if (typeof name === "symbol" || name === "then") return undefined;
        if (!known.has(name)) known.set(name, call(name));
        return known.get(name);
      },
    },
  ) as Offloaded<M>; // the names are found out when they are called
}

function createCall(
  pool: Pool,
  name: string,
  input: unknown,
  signal: AbortSignal | undefined,
  { resolve, reject }: Pick<PromiseWithResolvers<unknown>, "resolve" | "reject">,
): LinkedCall {
  let link: ThreadLink | undefined;
  let number = 0;
  let forgive: (() => void) | undefined;
  const onAbort = (): void => {
    reject(signal?.reason);
    if (pool.withdraw(call) || link === undefined || link.withdraw(number)) {
      end();
      return;
    }
    link.cancel(number, signal?.reason);
    forgive = pool.endWithin(link);
  };
  const end = (): void => {
    forgive?.();
    signal?.removeEventListener("abort", onAbort);
  };
  const call: LinkedCall = {
    method: 0,
    mayWait: false,
    place: -1,
    start: () => ({ value: { name, input }, bytes: undefined }),
    sent(chosen, given) {
      link = chosen;
      number = given;
    },
    ended(_bytes, value, hasFailed) {
      end();
      if (hasFailed) reject(errorFromWire((value as readonly [WireError])[0]));
      else resolve((value as { readonly result: unknown }).result); // as the thread says it
    },
    message() {},
    credit() {},
    headers() {},
    lost(reason) {
      end();
      reject(reason);
    },
    signal: signal ?? NEVER,
  };
  signal?.addEventListener("abort", onAbort);
  return call;
}

/** Of a call that nobody cancels. */
const NEVER = new AbortController().signal;
