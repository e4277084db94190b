import type { OutgoingHttpHeaders } from "node:http";
import { Base64Reader, base64 } from "../base64-body.ts";
import type { RequestListener, Wire } from "./wire.ts";

/**
 * A wire whose answers leave in base64, each piece as one that is padded, and whose request may come so: the messages of
 * gRPC-Web as `application/grpc-web-text` has them. A class, because its call holds it.
 */
export class Base64Wire implements Wire, RequestListener {
  listener: RequestListener | undefined = undefined;
  readonly #wire: Wire;
  /** Undefined: the request comes as it is. After a fault nothing more of it is read. */
  readonly #reader: Base64Reader | undefined;
  #isBroken = false;

  constructor(wire: Wire, isRequestToo: boolean) {
    this.#wire = wire;
    this.#reader = isRequestToo ? new Base64Reader() : undefined;
    wire.listener = this;
  }

  get scheme(): "http" | "https" {
    return this.#wire.scheme;
  }

  get httpMethod(): string {
    return this.#wire.httpMethod;
  }

  get target(): string {
    return this.#wire.target;
  }

  get isOpen(): boolean {
    return this.#wire.isOpen;
  }

  get isStalled(): boolean {
    return this.#wire.isStalled;
  }

  get waitingBytes(): number {
    return this.#wire.waitingBytes;
  }

  read(): void {
    this.#wire.read();
  }

  pause(): void {
    this.#wire.pause();
  }

  resume(): void {
    this.#wire.resume();
  }

  send(
    status: number,
    headers: OutgoingHttpHeaders,
    body: Uint8Array | string,
    trailers: OutgoingHttpHeaders | undefined,
  ): void {
    this.#wire.send(status, headers, base64(typeof body === "string" ? Buffer.from(body) : body), trailers);
  }

  respond(headers: OutgoingHttpHeaders, hasTrailers: boolean): void {
    this.#wire.respond(headers, hasTrailers);
  }

  write(bytes: Uint8Array): boolean {
    return this.#wire.write(base64(bytes));
  }

  end(bytes: Uint8Array | undefined, trailers: OutgoingHttpHeaders | undefined): void {
    this.#wire.end(bytes === undefined ? undefined : base64(bytes), trailers);
  }

  cutSoon(): void {
    this.#wire.cutSoon();
  }

  cut(): void {
    this.#wire.cut();
  }

  destroy(): void {
    this.#wire.destroy();
  }

  onData(chunk: Buffer): void {
    if (this.#isBroken) return;
    let bytes = chunk;
    try {
      if (this.#reader !== undefined) bytes = this.#reader.push(chunk);
    } catch (reason) {
      this.onBroken(reason);
      return;
    }
    if (bytes.length > 0) this.listener?.onData(bytes);
  }

  onEnd(): void {
    if (this.#isBroken) return;
    try {
      this.#reader?.finish();
    } catch (reason) {
      this.onBroken(reason);
      return;
    }
    this.listener?.onEnd();
  }

  onBroken(reason: unknown): void {
    this.#isBroken = true;
    this.listener?.onBroken(reason);
  }

  onDrain(): void {
    this.listener?.onDrain();
  }
}
