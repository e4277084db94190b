import type { Traces as TracesSettings } from "../../../gen/runrpc/config/v1/config_pb.ts";
import { Roster } from "../server/call/roster.ts";
import type { ServerTracing } from "../server/server-tracing.ts";
import { CallSpan } from "./call-span.ts";
import { findTraceApi, type TraceApi } from "./find-api.ts";
import { guarded } from "./guarded.ts";
import { createParentOf } from "./parent.ts";
import { spanQueries } from "./query-spans.ts";

/** The spans of one server. */
export interface Traces extends ServerTracing {
  /**
   * The same queries of a store, each of which is a span where its caller has one.
   *
   * @param database its `db.system.name`, such as `sqlite`
   */
  aroundQueries<Q extends object>(queries: Q, database: string): Q;
  /** What a log line says of the span that the code at hand is a part of: nothing where there is none. */
  fields(): { readonly traceId?: string; readonly spanId?: string };
}

/** Who made the spans. */
const SCOPE = "runrpc";

/** Finds OpenTelemetry in this process. Undefined: there is none, or no SDK was registered with it. */
export async function findTraces(settings: TracesSettings): Promise<Traces | undefined> {
  const api = await findTraceApi();
  return api && createTraces(api, settings);
}

function createTraces(api: TraceApi, { grpcTraceBin, streamIntervalMs }: TracesSettings): Traces {
  const tracer = api.trace.getTracer(SCOPE);
  const parentOf = createParentOf(api, grpcTraceBin);
  const streams = new Roster<CallSpan>();
  const maker = { api, tracer, onEnd: (span: CallSpan) => streams.delete(span) };
  const timer = setInterval(() => {
    for (const span of streams) guarded(api, () => span.tellPart());
  }, streamIntervalMs).unref();

  return {
    begun: (call) =>
      guarded(api, () => {
        const span = new CallSpan(maker, call, parentOf(call.head.headers));
        if (span.isStream) streams.add(span);
        return span;
      }),
    close: () => clearInterval(timer),
    aroundQueries: (queries, database) => spanQueries(api, tracer, queries, database),
    fields() {
      const context = api.trace.getActiveSpan()?.spanContext();
      return context === undefined ? {} : { traceId: context.traceId, spanId: context.spanId };
    },
  };
}
