import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Call } from "../../call/call.ts";
import { cancelBroken } from "../broken-request.ts";
import { byteLengthOf } from "./envelope.ts";
import { NodeWire } from "./node-wire.ts";
import type { Wire } from "./wire.ts";

/** How a request and its response lead to their wire, so that all share the listeners below. */
const WIRE = Symbol("wire");
type WiredRequest = IncomingMessage & { [WIRE]: Http1Wire };
type WiredResponse = ServerResponse & { [WIRE]: Http1Wire };

/** A call over HTTP/1.1 or 1.0. Trailers take chunks, which 1.0 does not have: what needs them is not served there. */
export class Http1Wire extends NodeWire<ServerResponse> implements Wire {
  readonly #request: IncomingMessage;

  constructor(call: Call, request: IncomingMessage, response: ServerResponse) {
    super(call, response);
    this.#request = request;
    (request as WiredRequest)[WIRE] = this; // the properties are ours
    (response as WiredResponse)[WIRE] = this;
    response.on("close", onClose);
  }

  /** The id of the request that a response of this lane is for. */
  static requestIdOf(response: ServerResponse & { [WIRE]?: Http1Wire }): string | undefined {
    const wire = response[WIRE];
    return wire === undefined ? undefined : wire.call.head.requestId;
  }

  get scheme(): "http" | "https" {
    return "encrypted" in this.#request.socket ? "https" : "http";
  }

  get httpMethod(): string {
    return this.#request.method ?? "";
  }

  get target(): string {
    return this.#request.url ?? "";
  }

  get isOpen(): boolean {
    return !this.out.destroyed;
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

  send(
    status: number,
    headers: OutgoingHttpHeaders,
    body: Uint8Array | string,
    trailers: OutgoingHttpHeaders | undefined,
  ): void {
    if (trailers === undefined) headers["content-length"] ??= byteLengthOf(body);
    this.#begin(status, headers);
    this.end(body, trailers);
  }

  respond(headers: OutgoingHttpHeaders): void {
    this.#begin(200, headers);
    this.out.flushHeaders();
  }

  end(bytes: Uint8Array | string | undefined, trailers: OutgoingHttpHeaders | undefined): void {
    if (trailers !== undefined) this.out.addTrailers(trailers);
    this.endBody(bytes);
  }

  cut(): void {
    this.out.destroy();
  }

  destroy(): void {
    this.out.destroy();
  }

  override closed(): void {
    cancelBroken(this.call, this.#request);
    super.closed();
  }

  ended(): void {
    this.listener?.onEnd();
  }

  protected waitForDrain(): void {
    this.out.once("drain", onDrain);
  }

  #begin(status: number, headers: OutgoingHttpHeaders): void {
    // What is left of an upload is read and dropped by the listener, before it closes the connection.
    if (!this.#request.complete && hasBody(this.#request)) headers.connection = "close";
    this.out.writeHead(status, headers);
  }
}

/** Whether a body has been announced. A request without one is not complete either while its head is looked at. */
function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}

function onData(this: WiredRequest, chunk: Buffer): void {
  this[WIRE].data(chunk);
}

function onEnd(this: WiredRequest): void {
  this[WIRE].ended();
}

function onDrain(this: WiredResponse): void {
  this[WIRE].drained();
}

function onClose(this: WiredResponse): void {
  this[WIRE].closed();
}
