import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Call } from "../../call/call.ts";
import { SLICE_BYTES, Slices } from "../../http/slices.ts";
import { cancelBroken } from "../broken-request.ts";
import { byteLengthOf } from "./envelope.ts";
import { type Exchange, LAST_WORD_MS, type Wire } from "./wire.ts";

/** How a request and its response lead to their wire, so that all share the listeners below. */
const WIRE = Symbol("wire");
type WiredRequest = IncomingMessage & { [WIRE]: Http1Wire };
type WiredResponse = ServerResponse & { [WIRE]: Http1Wire };

/** A call over HTTP/1.1 or 1.0. Trailers do not exist here: no protocol that needs them is served. */
export class Http1Wire implements Wire {
  exchange: Exchange | undefined = undefined;
  readonly #call: Call;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #lastWord: NodeJS.Timeout | undefined = undefined;
  /** Of a long piece, what the client has not made room for. */
  #slices: Slices | undefined = undefined;
  #endsAfterSlices = false;

  constructor(call: Call, request: IncomingMessage, response: ServerResponse) {
    this.#call = call;
    this.#request = request;
    this.#response = response;
    (request as WiredRequest)[WIRE] = this; // the properties are ours
    (response as WiredResponse)[WIRE] = this;
    response.on("close", onClose);
  }

  /** The id of the request that a response of this lane is for. */
  static requestIdOf(response: ServerResponse & { [WIRE]?: Http1Wire }): string | undefined {
    const wire = response[WIRE];
    return wire === undefined ? undefined : wire.#call.head.requestId;
  }

  get scheme(): "http" | "https" {
    return "encrypted" in this.#request.socket ? "https" : "http";
  }

  get target(): string {
    return this.#request.url ?? "";
  }

  get isOpen(): boolean {
    return !this.#response.destroyed;
  }

  get isStalled(): boolean {
    const { destroyed, writableLength, writableEnded, writableFinished } = this.#response;
    return (
      !destroyed && (this.#slices !== undefined || writableLength > 0 || (writableEnded && !writableFinished))
    );
  }

  read(): void {
    this.#request.on("data", onData);
    this.#request.on("end", onEnd);
  }

  pause(): void {
    this.#request.pause();
  }

  resume(): void {
    this.#request.resume();
  }

  send(status: number, headers: OutgoingHttpHeaders, body: Uint8Array | string): void {
    const response = this.#response;
    const byteLength = byteLengthOf(body);
    headers["content-length"] = byteLength;
    // What is left of an upload is read and dropped by the listener, before it closes the connection.
    if (!this.#request.complete) headers.connection = "close";
    response.writeHead(status, headers);
    if (byteLength > SLICE_BYTES) {
      this.end(typeof body === "string" ? Buffer.from(body) : body);
      return;
    }
    this.#call.bytesOut += byteLength;
    response.end(body);
  }

  respond(headers: OutgoingHttpHeaders): void {
    if (!this.#request.complete) headers.connection = "close";
    this.#response.writeHead(200, headers);
    this.#response.flushHeaders();
  }

  write(bytes: Uint8Array): boolean {
    if (bytes.length > SLICE_BYTES || this.#slices !== undefined) return this.#writeSlices(bytes);
    this.#call.bytesOut += bytes.length;
    if (this.#response.write(bytes)) return true;
    this.#response.once("drain", onDrain);
    return false;
  }

  #writeSlices(bytes: Uint8Array): boolean {
    if (this.#slices !== undefined) {
      this.#slices.append(bytes);
      return false;
    }
    this.#slices = new Slices(this.#response, bytes, (length) => {
      this.#call.bytesOut += length;
    });
    return this.drained();
  }

  /** False: the response has to drain again. */
  drained(): boolean {
    if (this.#slices !== undefined) {
      if (!this.#slices.write()) {
        this.#response.once("drain", onDrain);
        return false;
      }
      this.#slices = undefined;
      if (this.#endsAfterSlices) this.#response.end();
    }
    return !this.#response.writableNeedDrain;
  }

  end(bytes: Uint8Array | undefined): void {
    if (bytes !== undefined && (this.#slices !== undefined || bytes.length > SLICE_BYTES)) {
      this.#endsAfterSlices = true;
      this.#writeSlices(bytes);
    } else if (this.#slices !== undefined) this.#endsAfterSlices = true;
    else if (bytes === undefined || bytes.length === 0) this.#response.end();
    else {
      this.#call.bytesOut += bytes.length;
      this.#response.end(bytes);
    }
  }

  cutSoon(): void {
    this.#lastWord ??= setTimeout(cut, LAST_WORD_MS, this.#response).unref();
  }

  cut(): void {
    cut(this.#response);
  }

  destroy(): void {
    this.#response.destroy();
  }

  data(chunk: Buffer): void {
    this.#call.bytesIn += chunk.length;
    this.exchange?.onData(chunk);
  }

  closed(): void {
    if (this.#lastWord !== undefined) clearTimeout(this.#lastWord);
    cancelBroken(this.#call, this.#request);
    this.#call.end();
  }
}

function onData(this: WiredRequest, chunk: Buffer): void {
  this[WIRE].data(chunk);
}

function onEnd(this: WiredRequest): void {
  this[WIRE].exchange?.onEnd();
}

function onDrain(this: WiredResponse): void {
  const wire = this[WIRE];
  if (wire.drained()) wire.exchange?.onDrain();
}

function onClose(this: WiredResponse): void {
  this[WIRE].closed();
}

function cut(response: ServerResponse): void {
  response.destroy();
}
