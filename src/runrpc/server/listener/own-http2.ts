import type { IncomingHttpHeaders } from "node:http2";
import { createHttp2Engine } from "../http2/engine.ts";
import { HTTP2_DEFAULTS, type Http2Options } from "../http2/options.ts";
import type { OutgoingHeaders, Stream } from "../http2/stream.ts";
import { FIRST_REQUEST_MS } from "./ending.ts";
import { createGuard, type Refusal } from "./guard.ts";
import type { Http2 } from "./http2.ts";
import type { ListenerOptions, RefusalAnswer, RequestHandlers } from "./options.ts";
import { answerRefused } from "./refused.ts";
import { authorityOf, isServedAnyway, pathOf } from "./target.ts";

/**
 * The same as `createHttp2`, on our own engine: it knows when a session begins late, is idle, or has lost its peer, holds
 * streams back until all frames of a read are taken, and counts headers as they are decoded.
 */
export function createOwnHttp2(
  options: ListenerOptions,
  handlers: RequestHandlers,
  refused: () => void,
  reset: () => void,
): Http2 {
  const guard = createGuard(options.maxHeaderBytes, options.maxHeaderPairs);
  const engine = createHttp2Engine(engineOptions(options), {
    onDropped: reset,
    onError: (error) => handlers.onError?.(error),
    onStream(stream) {
      const headers = headersOf(stream);
      const tooLarge = sizeRefusal(stream, options);
      const refusal = tooLarge ?? guard.target(authorityOf(headers), pathOf(headers));
      if (refusal === undefined || (tooLarge === undefined && isServedAnyway(handlers, headers))) {
        handlers.onOwnStream?.(stream, headers);
        return;
      }
      refused();
      refuse(stream, answerRefused(handlers, refusal, headers));
    },
  });
  return {
    serve(socket) {
      const connection = engine.serve(socket);
      return {
        retire() {}, // as for node:http2: the announcement of the end says it
        end: () => connection.close(),
        open: () => connection.openStreams,
      };
    },
  };
}

/** Of requests: they have no `set-cookie`, which alone would be a list. */
function headersOf({ headers }: Stream): IncomingHttpHeaders {
  return headers as IncomingHttpHeaders;
}

function engineOptions(options: ListenerOptions): Http2Options {
  return {
    ...HTTP2_DEFAULTS,
    maxHeaderBytes: options.maxHeaderBytes,
    maxHeaderPairs: options.maxHeaderPairs,
    maxConcurrentStreams: options.maxConcurrentStreams,
    // Resets are the most of it: a busy connection whose calls all run into their deadlines.
    budgetBurst: Math.max(HTTP2_DEFAULTS.budgetBurst, 10 * options.maxConcurrentStreams),
    firstStreamMs: FIRST_REQUEST_MS,
    firstSettingsTimeoutMs: options.headersTimeoutMs,
    headerBlockTimeoutMs: options.headersTimeoutMs,
    idleTimeoutMs: options.idleTimeoutMs,
    pingIntervalMs: options.pingIntervalMs,
    pingTimeoutMs: options.pingTimeoutMs,
  };
}

function sizeRefusal(
  { head }: Stream,
  { maxHeaderBytes, maxHeaderPairs }: ListenerOptions,
): Refusal | undefined {
  if (head.problem !== "too-large") return undefined;
  const text =
    head.bytes > maxHeaderBytes
      ? `request headers of ${head.bytes} bytes are above the maximum of ${maxHeaderBytes}`
      : `more than ${maxHeaderPairs} request headers`;
  return { status: 431, text };
}

function refuse(stream: Stream, { status, headers, body }: RefusalAnswer): void {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  const length = bytes.length === 0 ? {} : { "content-length": bytes.length };
  // Header lists of answers are lists of texts, as the engine takes them.
  stream.respond(status, { ...headers, ...length } as OutgoingHeaders, bytes.length === 0);
  stream.end(bytes);
}
