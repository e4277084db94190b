import type { QueryAnswer, QueryValue } from "./protocol.ts";
import { errorFromWire, type WireError } from "./wire-error.ts";

/** The store's queries in a thread: they go through the main thread, which has the store. */
export interface QueryLine {
  /** The queries by module, as a service on the main thread is handed them. */
  readonly modules: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** The main thread's answer to one of them. */
  answer(answer: QueryAnswer): void;
  /** Queries that are given this signal end with the call. */
  belongs(signal: AbortSignal, call: number): void;
}

export function createQueryLine(
  names: Readonly<Record<string, readonly string[]>>,
  ask: (value: QueryValue) => void,
): QueryLine {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const calls = new WeakMap<AbortSignal, number>();
  let lastId = 0;

  const query =
    (module: string, name: string) =>
    (input?: unknown, options?: { readonly signal?: AbortSignal | undefined }): Promise<unknown> => {
      options?.signal?.throwIfAborted();
      const id = ++lastId;
      const settled = Promise.withResolvers<unknown>();
      waiting.set(id, settled);
      const call = options?.signal && calls.get(options.signal);
      ask({ id, module, query: name, input, call });
      return settled.promise;
    };

  return {
    modules: Object.fromEntries(
      Object.entries(names).map(([module, queries]) => [
        module,
        Object.fromEntries(queries.map((name) => [name, query(module, name)])),
      ]),
    ),
    answer({ id, result, error }) {
      const settled = waiting.get(id);
      waiting.delete(id);
      if (error === undefined) settled?.resolve(result);
      else settled?.reject(errorFromWire(error as WireError)); // as the main thread says it
    },
    belongs: (signal, call) => void calls.set(signal, call),
  };
}
