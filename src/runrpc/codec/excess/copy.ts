/**
 * A copy of bytes with parts of them left out, in their order. Nothing is copied before something is left out, and there is
 * one buffer, however deep in a message that is.
 */
export class Copy {
  readonly #source: Buffer;
  #bytes: Buffer | undefined = undefined;
  #length = 0;
  /** What is before has been copied, or left out. */
  #from = 0;
  /** So many bytes have been left out. */
  leftOut = 0;

  constructor(source: Buffer) {
    this.#source = source;
  }

  /** Leaves out what lies between two positions, which are behind those of before. */
  leaveOut(start: number, end: number): void {
    this.#copyTo(start);
    this.#from = end;
    this.leftOut += end - start;
  }

  /**
   * Writes the length of what has been copied from `start` on, of which something was left out. It gets the bytes that it had
   * in the source, from `at` to `start`: a varint may have more of them than it needs.
   *
   * @param leftOutBefore what was left out before `at`.
   */
  setLength(at: number, start: number, length: number, leftOutBefore: number): void {
    const bytes = this.#bytes;
    if (bytes === undefined) return;
    let rest = length;
    const last = start - leftOutBefore - 1;
    for (let place = at - leftOutBefore; place < last; place++) {
      bytes[place] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[last] = rest;
  }

  /** The copy; undefined where nothing was left out. */
  finish(): Buffer | undefined {
    if (this.#bytes === undefined) return undefined;
    this.#copyTo(this.#source.length);
    return this.#bytes.subarray(0, this.#length);
  }

  #copyTo(end: number): void {
    this.#bytes ??= Buffer.allocUnsafe(this.#source.length);
    if (end > this.#from) this.#length += this.#source.copy(this.#bytes, this.#length, this.#from, end);
  }
}
