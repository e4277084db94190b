import type { OutgoingHttpHeaders } from "node:http";
import { constants, type ServerHttp2Stream, sensitiveHeaders } from "node:http2";
import type { Call } from "../../call/call.ts";
import { SLICE_BYTES, Slices } from "../../http/slices.ts";
import { stopUpload } from "../../http/stop-upload.ts";
import { type Exchange, LAST_WORD_MS, type Wire } from "./wire.ts";

/** How a stream leads to its wire, so that all streams share the listeners below: no closure for each call. */
const WIRE = Symbol("wire");
type WiredStream = ServerHttp2Stream & { [WIRE]: Http2Wire | undefined };

/**
 * Goes out as a literal that HPACK never indexes (RFC 7541, 6.2.3). Indexed, the ids of former calls fill the table of the
 * connection, push out what repeats, and are all compared with each new one: 4 µs a call, of 50.
 */
const NEVER_INDEXED = ["x-request-id"];
const IDS_NAMED = sensitiveHeaders as unknown as string; // the types know no symbols among headers

const WITH_TRAILERS = { waitForTrailers: true } as const;

/** One frame: headers that end the stream. */
const ALONE = { endStream: true } as const;

/** A call on an HTTP/2 stream, by Node's core API. */
export class Http2Wire implements Wire {
  exchange: Exchange | undefined = undefined;
  readonly #call: Call;
  readonly #stream: ServerHttp2Stream;
  /** The request has ended, and all of it was read. */
  #inputEnded = false;
  #trailers: OutgoingHttpHeaders | undefined = undefined;
  /** Of a long piece, what the client has not made room for. */
  #slices: Slices | undefined = undefined;
  #endsAfterSlices = false;
  #lastWord: NodeJS.Timeout | undefined = undefined;

  constructor(call: Call, stream: ServerHttp2Stream) {
    this.#call = call;
    this.#stream = stream;
    (stream as WiredStream)[WIRE] = this; // the property is ours
    stream.on("close", onClose);
  }

  get scheme(): "http" | "https" {
    return this.#stream.session?.encrypted === true ? "https" : "http";
  }

  get target(): string {
    const path = this.#call.head.headers[":path"];
    return typeof path === "string" ? path : "";
  }

  get isOpen(): boolean {
    return !this.#stream.destroyed && !this.#stream.closed;
  }

  get isStalled(): boolean {
    const { destroyed, writableLength, writableEnded, writableFinished } = this.#stream;
    return (
      !destroyed && (this.#slices !== undefined || writableLength > 0 || (writableEnded && !writableFinished))
    );
  }

  read(): void {
    // Node tells the end of an empty body as soon as it comes, which may be before anybody reads.
    if (this.#stream.readableEnded) {
      this.ended();
      return;
    }
    this.#stream.on("data", onData);
    this.#stream.on("end", onEnd);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  send(
    status: number,
    headers: OutgoingHttpHeaders,
    body: Uint8Array | string,
    trailers: OutgoingHttpHeaders | undefined,
  ): void {
    headers[":status"] = status;
    if (body.length === 0 && trailers === undefined) {
      headers[IDS_NAMED] = NEVER_INDEXED;
      this.#stream.respond(headers, ALONE);
      if (!this.#inputEnded) this.#stream.once("finish", stop);
      return;
    }
    this.respond(headers, trailers !== undefined);
    this.end(body, trailers);
  }

  respond(headers: OutgoingHttpHeaders, hasTrailers: boolean): void {
    headers[IDS_NAMED] = NEVER_INDEXED;
    if (!hasTrailers) {
      this.#stream.respond(headers);
      return;
    }
    this.#stream.respond(headers, WITH_TRAILERS);
    this.#stream.on("wantTrailers", onWantTrailers);
  }

  write(bytes: Uint8Array): boolean {
    if (bytes.length > SLICE_BYTES || this.#slices !== undefined) return this.#writeSlices(bytes);
    this.#call.bytesOut += bytes.length;
    if (this.#stream.write(bytes)) return true;
    this.#stream.once("drain", onDrain);
    return false;
  }

  #writeSlices(bytes: Uint8Array): boolean {
    if (this.#slices !== undefined) {
      this.#slices.append(bytes);
      return false;
    }
    this.#slices = new Slices(this.#stream, bytes, (length) => {
      this.#call.bytesOut += length;
    });
    return this.drained();
  }

  /** False: the stream has to drain again. */
  drained(): boolean {
    if (this.#slices !== undefined) {
      if (!this.#slices.write()) {
        this.#stream.once("drain", onDrain);
        return false;
      }
      this.#slices = undefined;
      if (this.#endsAfterSlices) this.#stream.end();
    }
    return !this.#stream.writableNeedDrain;
  }

  end(bytes: Uint8Array | string | undefined, trailers: OutgoingHttpHeaders | undefined): void {
    this.#trailers = trailers;
    const stream = this.#stream;
    if (bytes !== undefined && (this.#slices !== undefined || bytes.length > SLICE_BYTES)) {
      this.#endsAfterSlices = true;
      this.#writeSlices(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
    } else if (this.#slices !== undefined) this.#endsAfterSlices = true;
    else if (bytes === undefined || bytes.length === 0) stream.end();
    else {
      this.#call.bytesOut += typeof bytes === "string" ? Buffer.byteLength(bytes) : bytes.length;
      stream.end(bytes);
    }
    if (!this.#inputEnded && trailers === undefined) stream.once("finish", stop);
  }

  cutSoon(): void {
    this.#lastWord ??= setTimeout(cut, LAST_WORD_MS, this.#stream).unref();
  }

  cut(): void {
    cut(this.#stream);
  }

  destroy(): void {
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  data(chunk: Buffer): void {
    this.#call.bytesIn += chunk.length;
    this.exchange?.onData(chunk);
  }

  ended(): void {
    // Node ends the reading side of a stream that its client resets with NO_ERROR as well; `close` follows.
    if (!this.isOpen) return;
    this.#inputEnded = true;
    this.exchange?.onEnd();
  }

  sendTrailers(): void {
    this.#stream.sendTrailers(this.#trailers ?? {});
    if (!this.#inputEnded) setImmediate(stopUpload, this.#stream);
  }

  closed(): void {
    if (this.#lastWord !== undefined) clearTimeout(this.#lastWord);
    // Node's native side keeps the stream until the next full collection, and with it all that it leads to.
    (this.#stream as WiredStream)[WIRE] = undefined;
    this.#call.end();
  }
}

function onData(this: WiredStream, chunk: Buffer): void {
  this[WIRE]?.data(chunk);
}

function onEnd(this: WiredStream): void {
  this[WIRE]?.ended();
}

function onDrain(this: WiredStream): void {
  const wire = this[WIRE];
  if (wire?.drained() === true) wire.exchange?.onDrain();
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

function cut(stream: ServerHttp2Stream): void {
  stream.close(constants.NGHTTP2_CANCEL);
}
