import { BAIL } from "./bail.ts";

// Lengths are written after what they count: one byte is left for each, and what follows is moved where it needs more. That
// beats going through the message twice.

/** What generated code writes to. A class, for one hidden shape. Its buffer is replaced when it has become too small. */
export class Writer {
  b: Buffer;

  constructor(b: Buffer) {
    this.b = b;
  }

  /** Makes room for `need` bytes behind those that are written. Bails where some of these went nowhere: see `taken`. */
  grow(p: number, need: number): Buffer {
    if (p > this.b.length) throw BAIL;
    const next = Buffer.allocUnsafeSlow(Math.max(2 * this.b.length, p + need));
    this.b.copy(next, 0, 0, p);
    this.b = next;
    return next;
  }
}

/** The buffer, with room for `need` bytes from `p` on. */
export function ensure(w: Writer, p: number, need: number): Buffer {
  return p + need > w.b.length ? w.grow(p, need) : w.b;
}

/** Writes the length of what begins behind `start`, where one byte was left for it, and ends at `p`. Gives the new end. */
export function close(w: Writer, start: number, p: number): number {
  const length = p - start - 1;
  if (length <= 0x7f) {
    w.b[start] = length;
    return p;
  }
  return putLength(ensure(w, p, 4), start, 1, length);
}

/** Writes the length of what follows; for its bytes `left` were left. */
export function putLength(b: Buffer, p: number, left: number, length: number): number {
  const size = sizeOf(length);
  if (size !== left) b.copyWithin(p + size, p + left, p + left + length);
  return putVarint(b, length, p) + length;
}

/** How many bytes the varint of an unsigned number of 32 bits has. */
export function sizeOf(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** Writes an unsigned number of 32 bits, for which there is room. */
export function putVarint(b: Buffer, value: number, p: number): number {
  let rest = value;
  while (rest > 0x7f) {
    b[p++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  b[p++] = rest;
  return p;
}

/** Whether a property is the object's own. */
export const isOwn: (object: object, name: string) => boolean = Object.hasOwn;
