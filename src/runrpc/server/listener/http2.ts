import {
  constants,
  type Http2Session,
  type IncomingHttpHeaders,
  performServerHandshake,
  type ServerHttp2Stream,
  type ServerOptions,
} from "node:http2";
import type { Socket } from "node:net";
import type { Ending } from "./ending.ts";
import { createGuard } from "./guard.ts";
import { HeaderFlood } from "./header-flood.ts";
import type { ListenerOptions, RefusalAnswer, RequestHandlers } from "./options.ts";
import { answerRefused } from "./refused.ts";
import { watchSession } from "./session.ts";
import { createSessionEnding } from "./session-ending.ts";
import { authorityOf, isServedAnyway, pathOf } from "./target.ts";

/** The HTTP/2 half of a listener. */
export interface Http2 {
  /** Serves a socket, whose first bytes may have been put back. Gives the ways to end it. */
  serve(socket: Socket): Ending;
}

/** `refused` is called for each 400 or 431 answered here, `reset` for each stream gone before it was handed on. */
export function createHttp2(
  options: ListenerOptions,
  handlers: RequestHandlers,
  refused: () => void,
  reset: () => void,
): Http2 {
  const guard = createGuard(options.maxHeaderBytes, options.maxHeaderPairs);
  const settings = sessionOptions(options);
  const floods = createFloods();
  const dispatch = createBatch<Arrival>(({ stream, headers, rawHeaders }) => {
    if (stream.destroyed || stream.closed) {
      reset();
      return;
    }
    const tooLarge = guard.headerList(rawHeaders);
    const refusal = tooLarge ?? guard.target(authorityOf(headers), pathOf(headers));
    if (refusal !== undefined && (tooLarge !== undefined || !isServedAnyway(handlers, headers))) {
      refused();
      if (tooLarge !== undefined && floods.isFlood(stream.session)) return;
      refuse(stream, answerRefused(handlers, refusal, headers));
      return;
    }
    joinRepeated(headers, rawHeaders);
    try {
      handlers.onStream(stream, headers, rawHeaders);
    } catch (error) {
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      handlers.onError?.(error);
    }
  });

  const keepsOpen = (options.maxConnectionAgeGraceMs ?? 0) > 0;

  return {
    serve(socket) {
      socket.allowHalfOpen = false; // HTTP/1 clients may half-close; in HTTP/2 the end of one side is the end
      const session = performServerHandshake(socket, settings);
      session.on("error", ignore); // the session is destroyed by then, and its streams with it
      session.setLocalWindowSize(CONNECTION_WINDOW_BYTES);
      const ending = createSessionEnding(session, socket, keepsOpen);
      const streamClosed = watchSession(session, socket, options, ending.end);
      session.on("stream", (stream, headers, _flags, rawHeaders) => {
        stream.on("error", ignore);
        streamClosed(stream);
        ending.opened(stream);
        dispatch({ stream, headers, rawHeaders });
      });
      return ending;
    },
  };
}

/** Of the headers that a request has once, Node keeps the first of several. As RFC 9110, 5.3 has it they are one value, which is none. */
function joinRepeated(headers: IncomingHttpHeaders, rawHeaders: readonly string[]): void {
  for (const name of SENT_ONCE) {
    const first = headers[name];
    if (first === undefined) continue;
    const values = rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1] === name);
    if (values.length > 1) headers[name] = values.join(", ");
  }
}

const SENT_ONCE = ["authorization", "content-type", "content-encoding"] as const;

/** Ends a session that floods us with headers above the limits, and says whether it is one. */
function createFloods() {
  const known = new WeakMap<Http2Session, HeaderFlood>();
  return {
    isFlood(session: Http2Session | undefined): boolean {
      if (session === undefined) return true; // it is gone
      const flood = known.get(session) ?? new HeaderFlood();
      known.set(session, flood);
      if (!flood.isFlood(performance.now())) return false;
      session.goaway(constants.NGHTTP2_ENHANCE_YOUR_CALM);
      setImmediate(() => session.destroy()); // when the frame has left
      return true;
    },
  };
}

interface Arrival {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
}

/**
 * Collects what arrives in one turn of the event loop and handles it one `setImmediate` later. A stream that its client
 * resets at once is by then destroyed and costs next to nothing: without this, resets within Node's own limits held the
 * loop for seconds.
 */
function createBatch<T>(handle: (item: T) => void): (item: T) => void {
  let waiting: T[] = [];
  const flush = (): void => {
    const items = waiting;
    waiting = [];
    for (const item of items) handle(item);
  };
  return (item) => {
    if (waiting.push(item) === 1) setImmediate(flush);
  };
}

/**
 * Bytes that a client may send ahead. Node gives the connection's window back as bytes arrive and the stream's as they
 * are read, so a connection can make us hold `maxConcurrentStreams` times the stream's (100 unread uploads: 25 MiB), and
 * an idle stream costs none of it. The connection's window keeps a long line full.
 */
const CONNECTION_WINDOW_BYTES = 1024 * 1024;
const STREAM_WINDOW_BYTES = 256 * 1024;

function sessionOptions(options: ListenerOptions): ServerOptions {
  return {
    settings: {
      maxConcurrentStreams: options.maxConcurrentStreams,
      // Once the peer has acknowledged it, Node resets a stream above what is announced without an answer. Announcing
      // twice the limit leaves the guard room for a 431 that says what is wrong.
      maxHeaderListSize: 2 * options.maxHeaderBytes,
      initialWindowSize: STREAM_WINDOW_BYTES,
    },
    // The same for pairs.
    maxHeaderListPairs: Math.max(4, 4 * options.maxHeaderPairs),
    // RST_STREAM frames a connection may send at once, and then each second, before nghttp2 ends it. Node's rate of 33
    // would end a busy connection whose calls run into their deadlines.
    streamResetBurst: Math.max(1_000, 10 * options.maxConcurrentStreams),
    streamResetRate: 200,
  };
}

function refuse(stream: ServerHttp2Stream, { status, headers, body }: RefusalAnswer): void {
  const length = body.length === 0 ? {} : { "content-length": Buffer.byteLength(body) };
  const head = { ":status": status, ...headers, ...length };
  // HEAD: Node has ended it. What has no body, such as gRPC's error, is all in its headers.
  const endStream = stream.writableEnded || body.length === 0;
  stream.respond(head, { endStream });
  if (!endStream) stream.end(body);
  // After the answer: a client that is still sending would otherwise hold the stream open (RFC 9113, 8.1).
  stream.close(constants.NGHTTP2_NO_ERROR);
}

function ignore(): void {}
