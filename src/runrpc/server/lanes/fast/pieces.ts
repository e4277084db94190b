/** A piece below this is copied together with those beside it. */
const SMALL_BYTES = 512;

/** Of the buffers that small pieces are copied into: each is twice as long as the one before, between these. */
const LEAST_BYTES = 1_024;
const MOST_BYTES = 16_384;

/**
 * Pieces of a body in the order of their arrival. A client may send it byte by byte, and an object for each byte would
 * take hundreds of times what the byte takes. A class, because calls hold one.
 */
export class Pieces {
  readonly #list: Buffer[] = [];
  #next = 0;
  /** The last piece, while it has room. */
  #tail: Buffer | undefined = undefined;
  #tailBytes = 0;
  #bytes = LEAST_BYTES;

  push(piece: Buffer): void {
    if (piece.length >= SMALL_BYTES) {
      this.#close();
      this.#list.push(piece);
      return;
    }
    if (this.#tail === undefined || this.#tailBytes + piece.length > this.#tail.length) {
      this.#close();
      this.#tail = Buffer.allocUnsafeSlow(this.#bytes);
      this.#bytes = Math.min(MOST_BYTES, 2 * this.#bytes);
    }
    piece.copy(this.#tail, this.#tailBytes);
    this.#tailBytes += piece.length;
  }

  /** Takes the first one. */
  shift(): Buffer | undefined {
    if (this.#next === this.#list.length) this.#close();
    const piece = this.#list[this.#next];
    if (piece === undefined) return undefined;
    if (++this.#next >= MAX_TAKEN) {
      this.#list.splice(0, this.#next);
      this.#next = 0;
    }
    return piece;
  }

  /** All of them behind another one, as one. */
  join(first: Buffer): Buffer {
    this.#close();
    return Buffer.concat([first, ...this.#list.slice(this.#next)]);
  }

  #close(): void {
    if (this.#tail === undefined) return;
    this.#list.push(this.#tail.subarray(0, this.#tailBytes));
    this.#tail = undefined;
    this.#tailBytes = 0;
  }
}

/** What was taken is let go of in lots. */
const MAX_TAKEN = 32;
