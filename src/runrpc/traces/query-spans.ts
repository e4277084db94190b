import type { Span, Tracer } from "@opentelemetry/api";
import { aroundQueries, whenSettled } from "../data/around-queries.ts";
import { DataError } from "../data/data-error.ts";
import type { TraceApi } from "./find-api.ts";
import { guarded } from "./guarded.ts";

/**
 * The same queries of a store, each of which is a span where its caller has one: of nobody's call there is none.
 *
 * @param database its `db.system.name`, such as `sqlite`
 */
export function spanQueries<Q extends object>(
  api: TraceApi,
  tracer: Tracer,
  queries: Q,
  database: string,
): Q {
  const { context, SpanKind, trace } = api;
  return aroundQueries(queries, (name, query) => {
    const attributes = { "db.system.name": database, "db.query.summary": name };
    return (input, options) => {
      const active = context.active();
      if (trace.getSpan(active) === undefined) return query(input, options);
      const span = guarded(api, () => tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, active));
      const promise = query(input, options);
      if (span !== undefined)
        whenSettled(
          promise,
          () => guarded(api, () => span.end()),
          (reason) => guarded(api, () => endFailed(api, span, reason)),
        );
      return promise;
    };
  });
}

/** What a query failed with goes by its code: its message may hold what a caller sent. */
function endFailed({ SpanStatusCode }: TraceApi, span: Span, reason: unknown): void {
  const type = reason instanceof DataError ? reason.code : "canceled";
  span.setAttribute("error.type", type);
  span.setStatus({ code: SpanStatusCode.ERROR, message: type });
  span.end();
}
