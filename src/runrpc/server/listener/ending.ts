import type { IncomingMessage } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { Stream } from "../http2/stream.ts";

/** The ways to end a connection, from the mildest. A later one may follow an earlier one; each may be called twice. */
export interface Ending {
  /** Everything is served, and the peer is asked to bring its next request elsewhere, where its protocol can say so. */
  retire(): void;
  /** Ends the connection once what is open, and what was on its way, has been answered. */
  end(): void;
  /** Gives the requests that are open; a connection keeps no list of them unless `maxConnectionAgeGraceMs` is set. */
  open(): readonly OpenRequest[];
}

/** What a handler was given of a request that has not been answered in full. */
export type OpenRequest = IncomingMessage | ServerHttp2Stream | Stream;

/**
 * How long a connection that is to end, and on which no request has come yet, is waited for, in milliseconds. Its client
 * may just have connected, or be in its TLS handshake, and has not been told anything.
 */
export const FIRST_REQUEST_MS = 1_000;

/**
 * How long a kept HTTP/1.1 connection without a request stays open when it is to end, in milliseconds. Nothing can be
 * said on it but with an answer, so that a request which crosses our end is lost (RFC 9112, 9.5): a client that is busy
 * sends its next one within this time, and is told with the answer.
 */
export const NEXT_REQUEST_MS = 250;

/** How long an HTTP/2 peer may take to tell that it has read our GOAWAY, in milliseconds. */
export const GOAWAY_READ_MS = 1_000;
