import type { ConnectError } from "@connectrpc/connect";
import { createPool, type PooledCall, type PoolOptions } from "./pool.ts";
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
  const pool = createPool({
    ...threadedDefaults,
    ...options,
    callsPerThread: 1,
    setup: { module: module.href, service: undefined, queries: {} },
    askQuery: () => Promise.reject(new Error("a function has no queries")),
  });
  const call =
    (name: string) =>
    (input: unknown, { signal }: { readonly signal?: AbortSignal } = {}) =>
      new Promise((resolve, reject) => {
        signal?.throwIfAborted();
        let link: ThreadLink | undefined;
        let number = 0;
        let forgive: (() => void) | undefined;
        const onAbort = (): void => {
          reject(signal?.reason);
          if (pool.withdraw(pooled)) signal?.removeEventListener("abort", onAbort);
          else if (link !== undefined) {
            link.cancel(number, signal?.reason);
            forgive = pool.endWithin(link);
          }
        };
        const end = (): void => {
          forgive?.();
          signal?.removeEventListener("abort", onAbort);
        };
        const linked: LinkedCall = {
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
        };
        const pooled: PooledCall = {
          method: 0,
          begin(chosen) {
            link = chosen;
            number = chosen.begin(linked, true, undefined, (slot) => ({ name, input, slot }));
          },
          refuse(reason: ConnectError) {
            end();
            reject(reason);
          },
        };
        signal?.addEventListener("abort", onAbort);
        pool.add(pooled);
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
