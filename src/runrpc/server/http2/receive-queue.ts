/** Of the buffers that small slices are gathered in. */
const GATHER_BYTES = 16_384;

/**
 * What has come of a stream that nobody reads. Its bytes are bounded by the stream's window; what it holds behind its first
 * chunk is bounded by eight times those bytes: a slice that is a small part of a read is copied, or one byte would keep
 * 64 KiB. A class: one hidden shape for all streams.
 */
export class ReceiveQueue {
  readonly #chunks: Buffer[] = [];
  #next = 0;
  /** The last chunk, while it has room. */
  #tail: Buffer | undefined = undefined;
  #tailBytes = 0;

  constructor(first: Buffer) {
    this.#chunks.push(first);
  }

  push(read: Buffer, start: number, end: number): void {
    if (isLargeIn(end - start, read)) {
      this.#close();
      this.#chunks.push(read.subarray(start, end));
      return;
    }
    for (let at = start; at < end; ) at += this.#gather(read, at, end);
  }

  /** The oldest chunk, or undefined when there is none. */
  shift(): Buffer | undefined {
    if (this.#next === this.#chunks.length) this.#close();
    const chunk = this.#chunks[this.#next];
    if (chunk === undefined) return undefined;
    this.#chunks[this.#next++] = NOTHING; // what was given is the reader's alone
    return chunk;
  }

  #gather(read: Buffer, at: number, end: number): number {
    if (this.#tail === undefined) {
      // Doubled from one to the next, so that a queue of a few bytes stays small.
      const bytes = Math.max(end - at, Math.min(GATHER_BYTES, 2 * this.#tailBytes), 64);
      this.#tail = Buffer.allocUnsafeSlow(Math.min(bytes, GATHER_BYTES));
      this.#tailBytes = 0;
    }
    const length = Math.min(end - at, this.#tail.length - this.#tailBytes);
    read.copy(this.#tail, this.#tailBytes, at, at + length);
    this.#tailBytes += length;
    if (this.#tailBytes === this.#tail.length) this.#close();
    return length;
  }

  #close(): void {
    if (this.#tail === undefined) return;
    this.#chunks.push(this.#tail.subarray(0, this.#tailBytes));
    this.#tail = undefined;
  }
}

/** What a slice may keep alive, in times of its own length: a frame of 16 KiB need not be copied out of a read of 64. */
const MOST_TIMES_HELD = 8;

/** Whether a slice may keep the read that it lies in. */
export function isLargeIn(bytes: number, read: Buffer): boolean {
  return MOST_TIMES_HELD * bytes >= read.buffer.byteLength;
}

const NOTHING = Buffer.alloc(0);
