import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** A span as OTLP has it, with its attributes by name. */
export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: it has none. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 INTERNAL, 2 SERVER, 3 CLIENT. */
  readonly kind: number;
  /** 0 unset, 2 error. */
  readonly status: number;
  readonly attributes: Readonly<Record<string, string>>;
  readonly lastedMs: number;
}

/** The place of an OpenTelemetry collector: it takes spans over OTLP/HTTP as JSON. */
export interface Collector {
  /** Where exporters send to. */
  readonly url: string;
  readonly spans: readonly CollectedSpan[];
  /** The first span that fits, once it is there; `what` is missed by name otherwise. */
  next(what: string, fits: (span: CollectedSpan) => boolean): Promise<CollectedSpan>;
  close(): Promise<void>;
}

interface OtlpSpan extends Omit<CollectedSpan, "attributes" | "status" | "parentSpanId" | "lastedMs"> {
  readonly parentSpanId?: string;
  readonly status?: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: Record<string, string | number> }[];
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
}

interface OtlpRequest {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

/** Opens one on a free port. */
export async function openCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const waiting = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const { resourceSpans } = (await json(request)) as OtlpRequest;
    for (const { scopeSpans } of resourceSpans)
      for (const scope of scopeSpans) spans.push(...scope.spans.map(spanFrom));
    response.setHeader("content-type", "application/json").end("{}");
    for (const look of waiting) look();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/traces`,
    spans,
    next(what, fits) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const found = spans.find(fits);
          if (found === undefined) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(found);
        };
        const timer = setTimeout(() => {
          const names = spans.map(({ name }) => name).join(", ");
          reject(new assert.AssertionError({ message: `no span came for ${what}; there are ${names}` }));
        }, 30_000);
        waiting.add(look);
        look();
      });
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function spanFrom(span: OtlpSpan): CollectedSpan {
  const { traceId, spanId, name, kind, parentSpanId = "", status, attributes } = span;
  return {
    traceId,
    spanId,
    parentSpanId,
    name,
    kind,
    status: status?.code ?? 0,
    attributes: Object.fromEntries(
      attributes.map(({ key, value }) => [key, String(Object.values(value)[0])]),
    ),
    lastedMs: Number((BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)) / 1_000n) / 1_000,
  };
}
