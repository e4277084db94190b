import { isLargeIn } from "./receive-queue.ts";

/** What a slice may keep alive in any case, in bytes: about what its stream takes. */
const KEPT_BYTES = 2_048;

/** Copies above this have a buffer of their own. */
const MOST_BESIDE_BYTES = KEPT_BYTES / 4;

let slab = Buffer.allocUnsafeSlow(KEPT_BYTES);
let used = 0;

/**
 * A slice of a read for somebody who may keep it: where that would keep much more than the slice, a copy. Small copies lie side by
 * side: a buffer for each would cost more than all else that is done for a small frame.
 */
export function keptSlice(read: Buffer, start: number, end: number): Buffer {
  const length = end - start;
  if (read.buffer.byteLength <= KEPT_BYTES || isLargeIn(length, read)) return read.subarray(start, end);
  if (length > MOST_BESIDE_BYTES) return copyInto(Buffer.allocUnsafeSlow(length), 0, read, start, end);
  if (used + length > KEPT_BYTES) {
    slab = Buffer.allocUnsafeSlow(KEPT_BYTES);
    used = 0;
  }
  const at = used;
  used += length;
  return copyInto(slab, at, read, start, end);
}

function copyInto(target: Buffer, at: number, read: Buffer, start: number, end: number): Buffer {
  read.copy(target, at, start, end);
  return target.subarray(at, at + end - start);
}
