import type { OutgoingHttpHeaders } from "node:http";
import type { Call } from "../../call/call.ts";
import { CANCEL, INTERNAL_ERROR } from "../../http2/errors.ts";
import type { OutgoingHeaders, Stream, StreamHandler } from "../../http2/stream.ts";
import { LAST_WORD_MS, type RequestListener, type Wire } from "./wire.ts";

/** A call on a stream of our own engine. */
export class OwnHttp2Wire implements Wire, StreamHandler {
  listener: RequestListener | undefined = undefined;
  readonly #call: Call;
  readonly #stream: Stream;
  #lastWord: NodeJS.Timeout | undefined = undefined;

  constructor(call: Call, stream: Stream) {
    this.#call = call;
    this.#stream = stream;
    stream.handler = this;
  }

  get scheme(): "http" | "https" {
    return "encrypted" in this.#stream.owner.socket ? "https" : "http";
  }

  get httpMethod(): string {
    return this.#stream.headers[":method"] ?? "";
  }

  get target(): string {
    return this.#stream.headers[":path"] ?? "";
  }

  get isOpen(): boolean {
    return !this.#stream.isClosed;
  }

  get isStalled(): boolean {
    this.#count();
    return !this.#stream.isClosed && (this.#stream.queuedBytes > 0 || this.#stream.isThirsty);
  }

  /** It counts what has left. */
  get waitingBytes(): number {
    return 0;
  }

  read(): void {
    this.#stream.start();
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
    const isAlone = body.length === 0 && trailers === undefined;
    // Header lists of answers are lists of texts, as the engine takes them.
    this.#stream.respond(status, headers as OutgoingHeaders, isAlone);
    if (!isAlone) this.end(body, trailers);
  }

  respond(headers: OutgoingHttpHeaders): void {
    this.#stream.respond(200, headers as OutgoingHeaders); // as in `send`
  }

  write(bytes: Uint8Array): boolean {
    return this.#stream.write(bytes);
  }

  end(body: Uint8Array | string | undefined, trailers: OutgoingHttpHeaders | undefined): void {
    const bytes = typeof body === "string" ? Buffer.from(body) : body;
    this.#stream.end(bytes, trailers as OutgoingHeaders | undefined); // as in `send`
  }

  cutSoon(): void {
    this.#lastWord ??= setTimeout(cut, LAST_WORD_MS, this.#stream).unref();
  }

  cut(): void {
    cut(this.#stream);
  }

  destroy(): void {
    this.#stream.reset(INTERNAL_ERROR);
  }

  data(chunk: Buffer): void {
    this.#call.bytesIn += chunk.length;
    this.listener?.onData(chunk);
  }

  ended(): void {
    this.listener?.onEnd();
  }

  drained(): void {
    this.listener?.onDrain();
  }

  finished(): void {}

  closed(): void {
    this.#count();
    if (this.#lastWord !== undefined) clearTimeout(this.#lastWord);
    this.#call.end();
  }

  /** What has left, and not what waits for the client. */
  #count(): void {
    this.#call.bytesOut = this.#stream.sentBytes;
  }
}

function cut(stream: Stream): void {
  stream.reset(CANCEL);
}
