import { aroundQueries, whenSettled } from "../data/around-queries.ts";
import { DataError } from "../data/data-error.ts";
import { type Exposition, labelsOf } from "./exposition.ts";
import { Histogram, QUERY_SECONDS } from "./histogram.ts";

/** How long queries take, by their names, from the call to the answer: in the queue, in the worker, and between threads. */
export interface QueryMetrics {
  /** The same queries of a store, each of which is timed. */
  around<Q extends object>(queries: Q): Q;
  write(exposition: Exposition): void;
}

/** Times queries. */
export function createQueryMetrics(): QueryMetrics {
  const durations = new Map<string, Histogram>();
  const failures = new Map<string, Map<string, number>>();

  function failed(name: string, reason: unknown): void {
    const byCode = failures.get(name) ?? new Map<string, number>();
    failures.set(name, byCode);
    const code = reason instanceof DataError ? reason.code : "canceled";
    byCode.set(code, (byCode.get(code) ?? 0) + 1);
  }

  return {
    around: (queries) =>
      aroundQueries(queries, (name, query) => {
        const duration = new Histogram(QUERY_SECONDS);
        durations.set(name, duration);
        return (input, options) => {
          const startedAtMs = performance.now();
          const promise = query(input, options);
          const took = (): void => duration.observe((performance.now() - startedAtMs) / 1_000);
          whenSettled(promise, took, (reason) => {
            took();
            failed(name, reason);
          });
          return promise;
        };
      }),
    write(exposition) {
      exposition.family(
        "runrpc_store_query_duration_seconds",
        "histogram",
        "Time of queries from their call to their answer, waiting included.",
      );
      for (const [query, duration] of durations) duration.write(exposition, labelsOf({ query }));
      exposition.family(
        "runrpc_store_query_errors_total",
        "counter",
        "Queries that failed, or whose call was over first (canceled).",
      );
      for (const [query, byCode] of failures)
        for (const [code, count] of byCode) exposition.sample(count, labelsOf({ query, error_type: code }));
    },
  };
}
