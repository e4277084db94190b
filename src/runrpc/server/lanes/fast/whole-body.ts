import type { Compression } from "@connectrpc/connect/protocol";
import { tooLargeToRead } from "./codec.ts";
import { Pieces } from "./pieces.ts";
import type { RequestBody } from "./protocol.ts";

/** A request body that is one message. A class, because each such call has one. */
export class WholeBody implements RequestBody {
  readonly #maxBytes: number;
  #first: Buffer | undefined = undefined;
  #more: Pieces | undefined = undefined;
  #length = 0;
  readonly compression: Compression | undefined;

  constructor(maxBytes: number, compression: Compression | undefined) {
    this.#maxBytes = maxBytes;
    this.compression = compression;
  }

  /** @throws ConnectError `resource_exhausted` as soon as it is too long. */
  push(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > this.#maxBytes) throw tooLargeToRead(this.#length, this.#maxBytes);
    if (this.#first === undefined) this.#first = chunk;
    else {
      this.#more ??= new Pieces();
      this.#more.push(chunk);
    }
  }

  end(): Buffer {
    if (this.#first !== undefined && this.#more !== undefined) return this.#more.join(this.#first);
    return this.#first ?? Buffer.alloc(0);
  }
}
