import type { IncomingHttpHeaders } from "node:http";
import type { Context } from "@opentelemetry/api";
import type { TraceApi } from "./find-api.ts";

/** Tells of which span a call is a part. */
export type ParentOf = (headers: IncomingHttpHeaders) => Context;

/** What its first byte, the places of its fields and its length are: version 0, trace id, span id, options. */
const BINARY = { version: 0, bytes: 29, traceId: 2, spanId: 19, options: 28 } as const;

/**
 * Makes it. The process's own propagator is asked first, which reads `traceparent` (W3C Trace Context) unless it was told
 * otherwise; where there is none that knows a parent, `traceparent` itself is read.
 *
 * @param readsBinary whether `grpc-trace-bin` is read where there is nothing else: OpenCensus' format, which older gRPC
 *   clients send, https://github.com/census-instrumentation/opencensus-specs/blob/master/encodings/BinaryEncoding.md
 */
export function createParentOf(api: TraceApi, readsBinary: boolean): ParentOf {
  const { defaultTextMapGetter, propagation, ROOT_CONTEXT, trace } = api;
  return (headers) => {
    if (headers.traceparent === undefined && !readsBinary && propagation.fields().length === 0)
      return ROOT_CONTEXT;
    const extracted = propagation.extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
    if (trace.getSpanContext(extracted) !== undefined) return extracted;
    const found =
      fromTraceparent(headers.traceparent) ??
      (readsBinary ? fromBinary(headers["grpc-trace-bin"]) : undefined);
    return found !== undefined && api.isSpanContextValid(found)
      ? trace.setSpanContext(extracted, { ...found, isRemote: true })
      : extracted;
  };
}

interface Parent {
  readonly traceId: string;
  readonly spanId: string;
  readonly traceFlags: number;
}

/** https://www.w3.org/TR/trace-context/#traceparent-header; later versions may have more behind. */
function fromTraceparent(header: string | string[] | undefined): Parent | undefined {
  const [, version, traceId = "", spanId = "", flags = "", more = ""] =
    /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/.exec(String(header ?? "")) ?? [];
  if (version === undefined || version === "ff" || (version === "00" && more !== "")) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) };
}

function fromBinary(header: string | string[] | undefined): Parent | undefined {
  // Node joins headers that are sent twice.
  if (typeof header !== "string" || header.length > 64) return undefined;
  const bytes = Buffer.from(header, "base64");
  const isKnown =
    bytes.length === BINARY.bytes &&
    bytes[0] === BINARY.version &&
    bytes[BINARY.traceId - 1] === 0 &&
    bytes[BINARY.spanId - 1] === 1 &&
    bytes[BINARY.options - 1] === 2;
  if (!isKnown) return undefined;
  return {
    traceId: bytes.toString("hex", BINARY.traceId, BINARY.traceId + 16),
    spanId: bytes.toString("hex", BINARY.spanId, BINARY.spanId + 8),
    traceFlags: bytes[BINARY.options] ?? 0,
  };
}
