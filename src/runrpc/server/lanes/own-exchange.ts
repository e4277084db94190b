import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { IncomingHttpHeaders } from "node:http2";
import { Readable, Writable } from "node:stream";
import { CANCEL, INTERNAL_ERROR } from "../http2/errors.ts";
import type { OutgoingHeaders, Stream, StreamHandler } from "../http2/stream.ts";

/**
 * A stream of our own engine as the request and the response that connect-node works on: as much of Node's
 * `IncomingMessage` and `ServerResponse` as it uses.
 */
export function exchangeOn(
  stream: Stream,
  headers: IncomingHttpHeaders,
): { request: IncomingMessage; response: ServerResponse } {
  const request = new OwnRequest(stream, headers);
  const response = new OwnResponse(stream);
  stream.handler = handlerOf(request, response);
  return {
    request: request as unknown as IncomingMessage, // see above
    response: response as unknown as ServerResponse,
  };
}

function handlerOf(request: OwnRequest, response: OwnResponse): StreamHandler {
  return {
    data: (chunk) => request.arrived(chunk),
    ended: () => request.arrived(null),
    drained: () => response.drained(),
    finished: () => response.left(),
    closed() {
      // A request that was read to its end is no error to its reader.
      if (!request.complete) request.destroy();
      response.streamClosed();
    },
  };
}

class OwnRequest extends Readable {
  readonly httpVersion = "2.0";
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly url: string;
  readonly authority: string | undefined;
  readonly socket: Stream["owner"]["socket"];
  /** All of it has come. */
  complete = false;
  readonly #stream: Stream;

  constructor(stream: Stream, headers: IncomingHttpHeaders) {
    super({ autoDestroy: false });
    this.#stream = stream;
    this.headers = { ...headers };
    this.method = headers[":method"] ?? "";
    this.url = headers[":path"] ?? "";
    this.authority = headers[":authority"] ?? headers.host;
    this.socket = stream.owner.socket;
    this.on("error", ignore); // the reader is told by its iterator
  }

  arrived(chunk: Buffer | null): void {
    if (chunk === null) this.complete = true;
    if (!this.push(chunk)) this.#stream.pause();
  }

  override _read(): void {
    this.#stream.resume();
  }
}

class OwnResponse extends Writable {
  statusCode = 200;
  headersSent = false;
  readonly #stream: Stream;
  readonly #headers: OutgoingHttpHeaders = {};
  #trailers: OutgoingHttpHeaders | undefined = undefined;
  #hasEnded = false;
  #onLeft: (() => void) | undefined = undefined;
  #onDrained: (() => void) | undefined = undefined;

  constructor(stream: Stream) {
    super({ autoDestroy: false }); // it closes when its stream does
    this.#stream = stream;
    this.on("error", ignore); // the writer is told by its callback
  }

  setHeader(name: string, value: string): void {
    this.#headers[name] = value;
  }

  getHeaderNames(): string[] {
    return Object.keys(this.#headers);
  }

  removeHeader(name: string): void {
    delete this.#headers[name];
  }

  /** @throws TypeError for headers that HTTP does not allow. */
  writeHead(status: number, headers: OutgoingHttpHeaders = {}): void {
    this.statusCode = status;
    this.#stream.respond(status, trimmed({ ...this.#headers, ...headers }));
    this.headersSent = true;
  }

  addTrailers(trailers: OutgoingHttpHeaders): void {
    this.#trailers = trailers;
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error) => void): void {
    if (!this.headersSent) this.writeHead(this.statusCode);
    if (this.#stream.write(chunk)) done();
    else this.#onDrained = done;
  }

  override _final(done: (error?: Error) => void): void {
    try {
      if (!this.headersSent) this.writeHead(this.statusCode);
      this.#hasEnded = true;
      this.#onLeft = done;
      this.#stream.end(undefined, this.#trailers === undefined ? undefined : trimmed(this.#trailers));
    } catch (error) {
      this.#hasEnded = false;
      this.#stream.reset(INTERNAL_ERROR); // its trailers cannot be sent
      done(error instanceof Error ? error : new Error(String(error)));
    }
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#stream.reset(CANCEL);
    done(error);
  }

  /** An answer that has left is told of by `finish` before it is by `close`. */
  streamClosed(): void {
    if (this.#hasEnded && this.#stream.localEnded && !this.writableFinished)
      this.once("finish", () => this.destroy());
    else this.destroy();
  }

  /** All of it has. */
  left(): void {
    this.#onLeft?.();
  }

  drained(): void {
    const done = this.#onDrained;
    this.#onDrained = undefined;
    done?.();
  }
}

/** Two empty values are joined to one that ends in a space, which HTTP/2 does not allow. */
function trimmed(headers: OutgoingHttpHeaders): OutgoingHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, typeof value === "string" ? value.trim() : value]),
  );
}

function ignore(): void {}
