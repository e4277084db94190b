import type { Writable } from "node:stream";
import type { Call } from "../../call/call.ts";
import { SLICE_BYTES, Slices } from "../../http/slices.ts";
import { LAST_WORD_MS, type RequestListener } from "./wire.ts";

/**
 * The body of an answer on a stream of Node's, in slices where a piece is long, and what both of its HTTP versions have in
 * common. A class that theirs extend: each call makes one object, and no more.
 */
export abstract class NodeWire<S extends Writable> {
  listener: RequestListener | undefined = undefined;
  protected readonly call: Call;
  /** Where the answer goes. */
  protected readonly out: S;
  /** Of a long piece, what the client has not made room for. */
  #slices: Slices | undefined = undefined;
  #endsAfterSlices = false;
  #lastWord: NodeJS.Timeout | undefined = undefined;

  constructor(call: Call, out: S) {
    this.call = call;
    this.out = out;
  }

  get isStalled(): boolean {
    const { destroyed, writableLength, writableEnded, writableFinished } = this.out;
    return (
      !destroyed && (this.#slices !== undefined || writableLength > 0 || (writableEnded && !writableFinished))
    );
  }

  get waitingBytes(): number {
    return this.out.writableLength;
  }

  write(bytes: Uint8Array): boolean {
    if (bytes.length > SLICE_BYTES || this.#slices !== undefined) return this.#writeSlices(bytes);
    this.call.bytesOut += bytes.length;
    if (this.out.write(bytes)) return true;
    this.waitForDrain();
    return false;
  }

  cutSoon(): void {
    this.#lastWord ??= setTimeout(cut, LAST_WORD_MS, this).unref();
  }

  abstract cut(): void;

  data(chunk: Buffer): void {
    this.call.bytesIn += chunk.length;
    this.listener?.onData(chunk);
  }

  /** The stream has drained. */
  drained(): void {
    if (this.#goOn()) this.listener?.onDrain();
  }

  /** To be called when the stream has closed. */
  closed(): void {
    if (this.#lastWord !== undefined) clearTimeout(this.#lastWord);
    this.call.end();
  }

  /** Has `drained` called once. */
  protected abstract waitForDrain(): void;

  /** Ends the body, behind the slices that wait. */
  protected endBody(bytes: Uint8Array | string | undefined): void {
    if (bytes !== undefined && (this.#slices !== undefined || bytes.length > SLICE_BYTES)) {
      this.#endsAfterSlices = true;
      this.#writeSlices(typeof bytes === "string" ? Buffer.from(bytes) : bytes);
    } else if (this.#slices !== undefined) this.#endsAfterSlices = true;
    else if (bytes === undefined || bytes.length === 0) this.out.end();
    else {
      this.call.bytesOut += typeof bytes === "string" ? Buffer.byteLength(bytes) : bytes.length;
      this.out.end(bytes);
    }
  }

  #writeSlices(bytes: Uint8Array): boolean {
    if (this.#slices !== undefined) {
      this.#slices.append(bytes);
      return false;
    }
    this.#slices = new Slices(this.out, bytes, (length) => {
      this.call.bytesOut += length;
    });
    return this.#goOn();
  }

  /** False: the stream has to drain again. */
  #goOn(): boolean {
    if (this.#slices !== undefined) {
      if (!this.#slices.write()) {
        this.waitForDrain();
        return false;
      }
      this.#slices = undefined;
      if (this.#endsAfterSlices) this.out.end();
    }
    return !this.out.writableNeedDrain;
  }
}

function cut(wire: NodeWire<Writable>): void {
  wire.cut();
}
