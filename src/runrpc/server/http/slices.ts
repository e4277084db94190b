import type { Writable } from "node:stream";

/**
 * Longer pieces go out in slices of this size, each when the one before has gone, in bytes: a client that reads slowly can
 * be told from one that does not read, and one message takes no more of Node's memory than itself.
 */
export const SLICE_BYTES = 65_536;

/** What is left of a long piece. A class, because it is held for as long as its client takes to read it. */
export class Slices {
  readonly #stream: Pick<Writable, "write">;
  readonly #count: (bytes: number) => void;
  #rest: Uint8Array;

  /** @param count hears of the bytes of each slice that is written. */
  constructor(stream: Pick<Writable, "write">, bytes: Uint8Array, count: (bytes: number) => void) {
    this.#stream = stream;
    this.#count = count;
    this.#rest = bytes;
  }

  /** Puts more behind it. */
  append(bytes: Uint8Array): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
  }

  /** Writes on, to be called again when the stream has drained. True: all of it has been written, and may be waited for. */
  write(): boolean {
    while (this.#rest.length > 0) {
      const slice = this.#rest.subarray(0, SLICE_BYTES);
      this.#rest = this.#rest.subarray(slice.length);
      this.#count(slice.length);
      if (!this.#stream.write(slice)) break;
    }
    return this.#rest.length === 0;
  }
}
