/** Batches on their way from one thread to another, in memory that both see. One writes and one reads. */
export interface Ring {
  /** False: there is no room for it. */
  write(number: number, bytes: Uint8Array): boolean;
  /** The next batch, where it has this number. */
  read(number: number): Uint8Array<ArrayBuffer> | undefined;
  readonly isEmpty: boolean;
}

const BYTES = 262_144;
/** Length and number of a batch. */
const HEAD_BYTES = 8;
/** In the place of a length: the rest of the memory is free, and the next batch is at its beginning. */
const WRAPPED = -1;
/** Places of the counts of bytes, which wrap around: a line of the processor's cache each. */
const WRITTEN = 0;
const READ = 16;
const COUNTS_BYTES = 128;

export const RING_BYTES = COUNTS_BYTES + BYTES;

/** @param offset where its `RING_BYTES` begin */
export function createRing(buffer: SharedArrayBuffer, offset: number): Ring {
  const counts = new Int32Array(buffer, offset, COUNTS_BYTES / 4);
  const words = new Int32Array(buffer, offset + COUNTS_BYTES, BYTES / 4);
  const memory = new Uint8Array(buffer, offset + COUNTS_BYTES, BYTES);
  return {
    write(number, bytes) {
      const size = HEAD_BYTES + ((bytes.length + 7) & ~7);
      let written = Atomics.load(counts, WRITTEN);
      const free = BYTES - ((written - Atomics.load(counts, READ)) | 0);
      const rest = BYTES - (written & (BYTES - 1));
      const skipped = rest < size ? rest : 0;
      if (size + skipped > free) return false;
      if (skipped > 0) {
        words[(written & (BYTES - 1)) >> 2] = WRAPPED;
        written = (written + skipped) | 0;
      }
      const at = written & (BYTES - 1);
      words[at >> 2] = bytes.length;
      words[(at >> 2) + 1] = number;
      memory.set(bytes, at + HEAD_BYTES);
      Atomics.store(counts, WRITTEN, (written + size) | 0);
      return true;
    },
    read(number) {
      const written = Atomics.load(counts, WRITTEN);
      let read = Atomics.load(counts, READ);
      if (written === read) return undefined;
      let at = read & (BYTES - 1);
      if (words[at >> 2] === WRAPPED) {
        read = (read + BYTES - at) | 0;
        at = 0;
      }
      const length = words[at >> 2] ?? 0;
      if (words[(at >> 2) + 1] !== number) return undefined;
      const bytes = new Uint8Array(length);
      bytes.set(memory.subarray(at + HEAD_BYTES, at + HEAD_BYTES + length));
      Atomics.store(counts, READ, (read + HEAD_BYTES + ((length + 7) & ~7)) | 0);
      return bytes;
    },
    get isEmpty() {
      return Atomics.load(counts, WRITTEN) === Atomics.load(counts, READ);
    },
  };
}
