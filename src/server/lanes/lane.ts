import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Call } from "../call.ts";

/**
 * A way from HTTP to a handler and back. There may be several over the same routes; which one serves a call is
 * decided from its headers, and the handler cannot tell.
 */
export interface Lane {
  /** Whether this lane can serve the call, judged by `call.head` and the HTTP method alone. */
  takes(call: Call, httpMethod: string): boolean;
  /** Serves a call that came on an HTTP/2 stream. Ends the call. */
  serveStream(call: Call, stream: ServerHttp2Stream, rawHeaders: readonly string[]): void;
  /** Serves a call that came over HTTP/1.1. Ends the call. */
  serveRequest(call: Call, request: IncomingMessage, response: ServerResponse): void;
}
