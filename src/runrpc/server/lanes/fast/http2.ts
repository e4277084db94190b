import type { OutgoingHttpHeaders } from "node:http";
import { constants, type ServerHttp2Stream, sensitiveHeaders } from "node:http2";
import type { Call } from "../../call/call.ts";
import { stopUpload } from "../../http/stop-upload.ts";
import { NodeWire } from "./node-wire.ts";
import type { Wire } from "./wire.ts";

/** How a stream leads to its wire, so that all streams share the listeners below: no closure for each call. */
const WIRE = Symbol("wire");
type WiredStream = ServerHttp2Stream & { [WIRE]: Http2Wire | undefined };

/**
 * Goes out as a literal that HPACK never indexes (RFC 7541, 6.2.3). Indexed, the ids of former calls fill the table of the
 * connection, push out what repeats, and are all compared with each new one: 4 µs a call, of 50.
 */
const NEVER_INDEXED = ["x-request-id"];
const NOT_TO_INDEX = sensitiveHeaders as unknown as string; // the types know no symbols among headers

const WITH_TRAILERS = { waitForTrailers: true } as const;

/** One frame: headers that end the stream. */
const ALONE = { endStream: true } as const;

/** A call on an HTTP/2 stream, by Node's core API. */
export class Http2Wire extends NodeWire<ServerHttp2Stream> implements Wire {
  /** The request has ended, and all of it was read. */
  #inputEnded = false;
  #trailers: OutgoingHttpHeaders | undefined = undefined;

  constructor(call: Call, stream: ServerHttp2Stream) {
    super(call, stream);
    (stream as WiredStream)[WIRE] = this; // the property is ours
    stream.on("close", onClose);
  }

  get scheme(): "http" | "https" {
    return this.out.session?.encrypted === true ? "https" : "http";
  }

  get httpMethod(): string {
    return String(this.call.head.headers[":method"] ?? "");
  }

  get target(): string {
    return String(this.call.head.headers[":path"] ?? "");
  }

  get isOpen(): boolean {
    return !this.out.destroyed && !this.out.closed;
  }

  read(): void {
    // Node tells the end of an empty body as soon as it comes, which may be before anybody reads.
    if (this.out.readableEnded) {
      this.ended();
      return;
    }
    this.out.on("data", onData);
    this.out.on("end", onEnd);
  }

  pause(): void {
    this.out.pause();
  }

  resume(): void {
    this.out.resume();
  }

  send(
    status: number,
    headers: OutgoingHttpHeaders,
    body: Uint8Array | string,
    trailers: OutgoingHttpHeaders | undefined,
  ): void {
    headers[":status"] = status;
    if (body.length > 0 || trailers !== undefined) {
      this.respond(headers, trailers !== undefined);
      this.end(body, trailers);
      return;
    }
    headers[NOT_TO_INDEX] = NEVER_INDEXED;
    this.out.respond(headers, ALONE);
    if (!this.#inputEnded) this.out.once("finish", stop);
  }

  respond(headers: OutgoingHttpHeaders, hasTrailers: boolean): void {
    headers[NOT_TO_INDEX] = NEVER_INDEXED;
    if (!hasTrailers) {
      this.out.respond(headers);
      return;
    }
    this.out.respond(headers, WITH_TRAILERS);
    this.out.on("wantTrailers", onWantTrailers);
  }

  end(bytes: Uint8Array | string | undefined, trailers: OutgoingHttpHeaders | undefined): void {
    this.#trailers = trailers;
    this.endBody(bytes);
    if (!this.#inputEnded && trailers === undefined) this.out.once("finish", stop);
  }

  cut(): void {
    this.out.close(constants.NGHTTP2_CANCEL);
  }

  destroy(): void {
    this.out.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  ended(): void {
    // Node ends the reading side of a stream that its client resets with NO_ERROR as well; `close` follows.
    if (!this.isOpen) return;
    this.#inputEnded = true;
    this.listener?.onEnd();
  }

  sendTrailers(): void {
    this.out.sendTrailers(this.#trailers ?? {});
    if (!this.#inputEnded) setImmediate(stopUpload, this.out);
  }

  override closed(): void {
    // Node's native side keeps the stream until the next full collection, and with it all that it leads to.
    (this.out as WiredStream)[WIRE] = undefined;
    super.closed();
  }

  protected waitForDrain(): void {
    this.out.once("drain", onDrain);
  }
}

function onData(this: WiredStream, chunk: Buffer): void {
  this[WIRE]?.data(chunk);
}

function onEnd(this: WiredStream): void {
  this[WIRE]?.ended();
}

function onDrain(this: WiredStream): void {
  this[WIRE]?.drained();
}

function onWantTrailers(this: WiredStream): void {
  this[WIRE]?.sendTrailers();
}

function onClose(this: WiredStream): void {
  this[WIRE]?.closed();
}

function stop(this: WiredStream): void {
  stopUpload(this);
}
