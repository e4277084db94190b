import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Call } from "../call/call.ts";
import type { Stream } from "../http2/stream.ts";

/**
 * A way from HTTP to a handler and back. There may be several over the same routes; which one serves a call is
 * decided from its headers, and the handler cannot tell.
 */
export interface Lane {
  /**
   * Serves a call that came on an HTTP/2 stream, and ends it. False: the call is not for this lane, which is judged by
   * `call.head` and the HTTP method alone, and nothing was done.
   */
  serveStream(
    call: Call,
    httpMethod: string,
    stream: ServerHttp2Stream,
    rawHeaders: readonly string[],
  ): boolean;
  /** The same for a call on a stream of our own engine. */
  serveOwnStream(call: Call, httpMethod: string, stream: Stream): boolean;
  /** The same for a call that came over HTTP/1.1. */
  serveRequest(call: Call, httpMethod: string, request: IncomingMessage, response: ServerResponse): boolean;
  /** The id of the request that is answered with this response, for an answer past the lane; undefined when it is not its. */
  requestIdOf?(response: ServerResponse): string | undefined;
}
