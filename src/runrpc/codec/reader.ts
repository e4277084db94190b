import { BAIL } from "./bail.ts";
import { F32, F64, I32, I64, U64 } from "./words.ts";

// https://protobuf.dev/programming-guides/encoding/. A position past the end of the buffer reads `undefined`, which counts as
// a byte of 0 whatever is done with it: generated code holds positions against the end of the message, and bails.

/** What generated code reads from. A class, for one hidden shape: every function here and in `gen` sees it. */
export class Reader {
  b: Buffer = NOTHING;
  /** Where the value ends that a function of this room has read last. */
  p = 0;
}

export const NOTHING: Buffer = Buffer.alloc(0);

/**
 * The low 32 bits of a varint, unsigned, whose first byte is at `p - 1` and was above 0x7f. Of one longer than five bytes the
 * rest is dropped.
 */
export function varint(r: Reader, p: number): number {
  const { b } = r;
  let value = at(b, p - 1) & 0x7f;
  let shift = 7;
  let byte = at(b, p++);
  while (byte > 0x7f && shift < 28) {
    value |= (byte & 0x7f) << shift;
    shift += 7;
    byte = at(b, p++);
  }
  value |= (byte & 0x7f) << shift;
  for (let n = 5; byte > 0x7f; n++) {
    if (n === 10) throw BAIL;
    byte = at(b, p++);
  }
  r.p = p;
  return value >>> 0;
}

/** The same for a tag, which has 32 bits at most. */
export function longTag(r: Reader, p: number): number {
  const tag = varint(r, p);
  const more = r.p - p;
  if (more > 4 || (more === 4 && at(r.b, r.p - 1) > 0x0f)) throw BAIL;
  return tag;
}

/** A varint of 64 bits, into the shared words. */
function wide(r: Reader, p: number): void {
  const { b } = r;
  let low = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = at(b, p++);
    low |= (byte & 0x7f) << shift;
    // Not `<=`: that is false past the end.
    if (!(byte > 0x7f)) {
      done(r, p, low, 0);
      return;
    }
  }
  const middle = at(b, p++);
  low |= (middle & 0x0f) << 28;
  let high = (middle & 0x70) >> 4;
  for (let shift = 3, byte = middle; byte > 0x7f; shift += 7) {
    if (shift > 31) throw BAIL;
    byte = at(b, p++);
    high |= (byte & 0x7f) << shift;
  }
  done(r, p, low, high);
}

function done(r: Reader, p: number, low: number, high: number): void {
  r.p = p;
  I32[0] = low;
  I32[1] = high;
}

export function int64(r: Reader, p: number): bigint {
  wide(r, p);
  return I64[0] as bigint; // there is one
}

export function uint64(r: Reader, p: number): bigint {
  wide(r, p);
  return U64[0] as bigint; // there is one
}

export function sint64(r: Reader, p: number): bigint {
  wide(r, p);
  const low = I32[0] as number; // there are two
  const high = I32[1] as number;
  const sign = -(low & 1);
  I32[0] = ((low >>> 1) | ((high & 1) << 31)) ^ sign;
  I32[1] = (high >>> 1) ^ sign;
  return I64[0] as bigint; // there is one
}

/** Any varint but 0 is true. */
export function bool(r: Reader, p: number): boolean {
  wide(r, p);
  return I32[0] !== 0 || I32[1] !== 0;
}

export function sfixed32(b: Buffer, p: number): number {
  return at(b, p) | (at(b, p + 1) << 8) | (at(b, p + 2) << 16) | (at(b, p + 3) << 24);
}

export function fixed32(b: Buffer, p: number): number {
  return sfixed32(b, p) >>> 0;
}

export function float(b: Buffer, p: number): number {
  I32[0] = sfixed32(b, p);
  return F32[0] as number; // there is one
}

export function double(b: Buffer, p: number): number {
  eight(b, p);
  return F64[0] as number; // there is one
}

export function fixed64(b: Buffer, p: number): bigint {
  eight(b, p);
  return U64[0] as bigint; // there is one
}

export function sfixed64(b: Buffer, p: number): bigint {
  eight(b, p);
  return I64[0] as bigint; // there is one
}

function eight(b: Buffer, p: number): void {
  I32[0] = sfixed32(b, p);
  I32[1] = sfixed32(b, p + 4);
}

/** A view of what is read: protobuf-es gives one, too. */
export function bytes(b: Buffer, p: number, end: number): Uint8Array {
  return new Uint8Array(b.buffer, b.byteOffset + p, end - p);
}

/** What a field of bytes is where nothing was sent. As in protobuf-es, one for all messages. */
export const noBytes: Uint8Array = new Uint8Array(0);

/** Of several fields the one that was sent last, as protobuf-es has it. */
export type Oneof = { readonly case: undefined } | { readonly case: string; readonly value: unknown };

/** Puts an entry into a map: a key may be `__proto__`. */
export function setEntry(
  map: Record<string, unknown>,
  key: string | number | bigint | boolean,
  value: unknown,
): void {
  if (key === "__proto__")
    Object.defineProperty(map, key, { value, writable: true, enumerable: true, configurable: true });
  else map[key as string] = value; // a property's name is its text
}

function at(b: Buffer, p: number): number {
  return b[p] as number; // or undefined past the end, see above
}
