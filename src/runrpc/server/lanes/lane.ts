import type { IncomingMessage, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Call } from "../call/call.ts";
import type { Stream } from "../http2/stream.ts";

/**
 * A complete way from HTTP to a handler and back, for every call that `refusals.ts` lets through. Which one serves is a
 * setting of the server, and a handler cannot tell.
 */
export interface Lane {
  /** Serves a call that came on an HTTP/2 stream, and ends it. */
  serveStream(call: Call, stream: ServerHttp2Stream, rawHeaders: readonly string[]): void;
  /** The same for a call on a stream of our own engine. Undefined: the lane takes HTTP/2 from node:http2 alone. */
  readonly serveOwnStream?: (call: Call, stream: Stream) => void;
  /** The same for a call that came over HTTP/1.1. */
  serveRequest(call: Call, request: IncomingMessage, response: ServerResponse): void;
  /** The id of the request that is answered with this response, for an answer past the lane; undefined when it is not its. */
  requestIdOf(response: ServerResponse): string | undefined;
}
