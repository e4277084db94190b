import type { OutgoingHttpHeaders } from "node:http";
import type { Follower } from "../../call/call.ts";

/**
 * One HTTP request and its response, the same for HTTP/2 (`http2.ts`, `own-http2.ts`) and HTTP/1.1 (`http1.ts`). It ends
 * its call.
 */
export interface Wire {
  /** What hears of the request. Set before anything else is called. */
  listener: RequestListener | undefined;
  readonly scheme: "http" | "https";
  readonly httpMethod: string;
  /** The path with its query, as the client sent it. */
  readonly target: string;
  /** False once the client is gone: nothing that is sent arrives. */
  readonly isOpen: boolean;
  /** Begins to read the request. Before that its bytes stay with the client, but for the flow-control window. */
  read(): void;
  pause(): void;
  /** Goes on reading. The listener must not be called before this has returned: it is in the middle of something. */
  resume(): void;
  /** The whole answer at once. Without a body and trailers it is one frame of HTTP/2. */
  send(
    status: number,
    headers: OutgoingHttpHeaders,
    body: Uint8Array | string,
    trailers: OutgoingHttpHeaders | undefined,
  ): void;
  /** The head of an answer that is streamed. */
  respond(headers: OutgoingHttpHeaders, hasTrailers: boolean): void;
  /** False: wait for `onDrain` before the next one. */
  write(bytes: Uint8Array): boolean;
  /** The last of a streamed answer. */
  end(bytes: Uint8Array | undefined, trailers: OutgoingHttpHeaders | undefined): void;
  /** Whether something that was written waits for the client to read. */
  readonly isStalled: boolean;
  /** What it has counted as sent and what waits here nevertheless, in bytes. */
  readonly waitingBytes: number;
  /** Cuts the connection to a client that does not take the end of its answer, in a second. */
  cutSoon(): void;
  /** Cuts it at once. */
  cut(): void;
  /** Ends without an answer. */
  destroy(): void;
}

/** What a wire tells. */
export interface RequestListener {
  onData(chunk: Buffer): void;
  onEnd(): void;
  /** The rest of the request cannot be read, for this reason; what came before it can. Nothing is told after it. */
  onBroken(reason: unknown): void;
  onDrain(): void;
}

/** What a wire and a call tell: the two shapes of a call are `unary.ts` and `streaming.ts`. */
export interface Exchange extends Follower, RequestListener {
  /** The gate has let the call in. */
  begin(): void;
  /** The call ends with an error that is not its handler's. */
  fail(reason: unknown): void;
}

/** A client that does not read gets this long to take the last of its response, in milliseconds. */
export const LAST_WORD_MS = 1_000;
