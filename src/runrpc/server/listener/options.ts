// What the listener is told. It knows HTTP and sockets; it does not know what an RPC is.

import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
import type { Stream } from "../http2/stream.ts";
import type { OpenRequest } from "./ending.ts";
import type { Refusal } from "./guard.ts";
import type { HandedSockets } from "./handed.ts";

/** Files and rules for TLS. An unreadable file stops the start; one that changes later is read again. */
export interface TlsOptions {
  /** PEM file with the private key. */
  readonly keyFile: string;
  /** PEM file with the certificate, followed by its intermediates. */
  readonly certFile: string;
  /** PEM file with the authorities that may sign client certificates. Empty: clients need no certificate. */
  readonly caFile: string;
  /** `TLSv1.2` or `TLSv1.3`; anything else stops the start. */
  readonly minVersion: string;
}

/** Takes what the operator should know. */
export type Notice = (level: "info" | "warn" | "error", text: string) => void;

/** Every field is required: defaults belong to the caller, who has one table of them. Times are in milliseconds. */
export interface ListenerOptions {
  /** Address or name to bind. `[::]` and `::` take IPv6 and IPv4, and IPv4 alone where the machine has no IPv6. */
  readonly host: string;
  /** 0 takes any free port; `Listener.port` tells which. */
  readonly port: number;
  /** Where connections come from, in place of `host` and `port`. Default: the listener opens these. */
  readonly handed?: HandedSockets | undefined;
  readonly tls?: TlsOptions | undefined;
  /** Told of certificates: reloaded, of no use, or at their end. Default: nobody is. */
  readonly onNotice?: Notice;
  /** A connection that sends no byte, or does not end its TLS handshake, in this time is closed. */
  readonly firstByteTimeoutMs: number;
  /**
   * From the first byte to the end of an HTTP/1.1 request's headers; on HTTP/2 from the first byte to the peer's
   * SETTINGS, because an HTTP/2 client may connect long before it calls.
   */
  readonly headersTimeoutMs: number;
  /** A connection without an open request or stream is closed after this time. */
  readonly idleTimeoutMs: number;
  /** Time between HTTP/2 pings to the peer; 0 sends none. */
  readonly pingIntervalMs: number;
  /** A peer that leaves a ping unanswered for this long is gone: its connection is destroyed. */
  readonly pingTimeoutMs: number;
  /** A connection ends in good order at this age, within a tenth of it. Default 0: at none. */
  readonly maxConnectionAgeMs?: number;
  /** What is open on it this long after is cut off. Default 0: never. */
  readonly maxConnectionAgeGraceMs?: number;
  /** Further connections are closed at once and counted as refused. */
  readonly maxConnections: number;
  /** The same for each remote address; 0 sets no such limit. */
  readonly maxConnectionsPerAddress: number;
  /**
   * Announced on each HTTP/2 connection; streams beyond it are refused by the protocol. Over HTTP/1.1 so many requests may be
   * pipelined: the answer to the last of them ends the connection.
   */
  readonly maxConcurrentStreams: number;
  /**
   * Request headers, names and values, in bytes; HTTP/2 counts 32 more for each pair (RFC 9113, 6.5.2). More is refused
   * with 431, in the words of the request's protocol. Above twice this number, which is what HTTP/2 announces, an HTTP/2
   * stream may be reset without an answer, and HTTP/1.1 is answered in plain text.
   */
  readonly maxHeaderBytes: number;
  /** Who speaks HTTP/2: `own` is the engine in `server/http2`. Anything else is taken for Node's own module. */
  readonly http2: string;
  /** Request header pairs, HTTP/2 pseudo-headers included. More is 431. */
  readonly maxHeaderPairs: number;
}

/** A whole answer of the listener's own. */
export interface RefusalAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Uint8Array;
}

/** Where requests go. Both are called with headers that are complete, within the limits and well formed. */
export interface RequestHandlers {
  /**
   * An HTTP/2 request, as Node's core stream (no compat objects were made; `createCompat` makes them). It is called one
   * `setImmediate` after the headers came, so request trailers that came in the same packet have passed by.
   * The stream already has an `error` listener: an error on it never ends the process.
   */
  onStream(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void;
  /**
   * An HTTP/2 request on our own engine, as `http2` says; what it throws is told by `onError`. The headers may be those
   * of other requests as well, and must not be changed.
   */
  onOwnStream?(stream: Stream, headers: IncomingHttpHeaders): void;
  /**
   * An HTTP/1.1 or 1.0 request. For `Expect: 100-continue` the `100` is sent when the body is first read, so that a
   * request refused on its headers never uploads one.
   */
  onRequest(request: IncomingMessage, response: ServerResponse): void;
  /** Whether a request is served whatever host it names, and when it names none. Default: none is. */
  answersAnyHost?(httpMethod: string, path: string): boolean;
  /**
   * The answer to a request that is refused here, of whose headers none may be known. Default: its text, plain.
   *
   * @param response of an HTTP/1.1 request that was handed on, before its body could not be read
   */
  answerRefused?(refusal: Refusal, headers: IncomingHttpHeaders, response?: ServerResponse): RefusalAnswer;
  /**
   * A request is open though its connection should have ended by now. It is to be answered: its connection is destroyed a
   * second later.
   */
  onCut?(request: OpenRequest): void;
  /** What `onStream` or `onRequest` threw. The request has been ended; the server goes on. */
  onError?(error: unknown): void;
}

/** Counts since the start, `connections`, `http1` and `http2` excepted, which are open at this moment. */
export interface ListenerStats {
  readonly connections: number;
  readonly http1: number;
  readonly http2: number;
  /** Closed on arrival because of `maxConnections` or `maxConnectionsPerAddress`. */
  readonly refusedConnections: number;
  /** Answered 400 or 431 here, before any handler. */
  readonly refusedRequests: number;
  /** HTTP/2 streams that their client reset before they were handed on. */
  readonly resetStreams: number;
  /** Connections lost before they were accepted, as when the process runs out of file descriptors. */
  readonly acceptErrors: number;
}
