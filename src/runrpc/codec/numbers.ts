import { BAIL } from "./bail.ts";
import { F32, F64, I32, I64, U32, U64 } from "./words.ts";
import { putVarint } from "./writer.ts";

// Writing of numbers. Each takes any value, bails at one that is not of its type, and gives the position behind what it
// wrote, for which there is room.

export function isInt32(value: unknown): value is number {
  return typeof value === "number" && (value | 0) === value;
}

export function isUint32(value: unknown): value is number {
  return typeof value === "number" && value >>> 0 === value;
}

export function putInt32(b: Buffer, value: unknown, p: number): number {
  if (!isInt32(value)) throw BAIL;
  if (value >= 0) return putVarint(b, value, p);
  // A negative number has the ten bytes of a 64-bit one.
  let rest = value;
  for (let i = 0; i < 9; i++) {
    b[p++] = (rest & 0x7f) | 0x80;
    rest >>= 7;
  }
  b[p++] = 1;
  return p;
}

export function putUint32(b: Buffer, value: unknown, p: number): number {
  if (!isUint32(value)) throw BAIL;
  return putVarint(b, value, p);
}

export function putSint32(b: Buffer, value: unknown, p: number): number {
  if (!isInt32(value)) throw BAIL;
  return putVarint(b, ((value << 1) ^ (value >> 31)) >>> 0, p);
}

export function putInt64(b: Buffer, value: unknown, p: number): number {
  signed(value);
  return putWide(b, p);
}

export function putUint64(b: Buffer, value: unknown, p: number): number {
  unsigned(value);
  return putWide(b, p);
}

export function putSint64(b: Buffer, value: unknown, p: number): number {
  signed(value);
  const low = I32[0] as number; // there are two
  const high = I32[1] as number;
  const sign = high >> 31;
  I32[0] = (low << 1) ^ sign;
  I32[1] = ((high << 1) | (low >>> 31)) ^ sign;
  return putWide(b, p);
}

export function putBool(b: Buffer, value: unknown, p: number): number {
  if (typeof value !== "boolean") throw BAIL;
  b[p] = value ? 1 : 0;
  return p + 1;
}

export function putFixed32(b: Buffer, value: unknown, p: number): number {
  if (!isUint32(value)) throw BAIL;
  return four(b, value, p);
}

export function putSfixed32(b: Buffer, value: unknown, p: number): number {
  if (!isInt32(value)) throw BAIL;
  return four(b, value, p);
}

export function putFixed64(b: Buffer, value: unknown, p: number): number {
  unsigned(value);
  return eight(b, p);
}

export function putSfixed64(b: Buffer, value: unknown, p: number): number {
  signed(value);
  return eight(b, p);
}

export function putFloat(b: Buffer, value: unknown, p: number): number {
  if (typeof value !== "number") throw BAIL;
  F32[0] = value;
  // Too large for a float.
  if (Number.isFinite(value) && !Number.isFinite(F32[0])) throw BAIL;
  return four(b, I32[0] as number, p); // there are two
}

export function putDouble(b: Buffer, value: unknown, p: number): number {
  if (typeof value !== "number") throw BAIL;
  F64[0] = value;
  return eight(b, p);
}

/** The integer that a text is, for fields with `jstype = JS_STRING`, and any other value as it is. */
export function ofDigits(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (!DIGITS.test(value)) throw BAIL; // BigInt takes "" for 0, and "0x10" for 16
  return BigInt(value);
}

const DIGITS = /^-?\d{1,40}$/;

/** The integer that the name of a property is, for keys of maps: no other text of the same number. */
export function asInteger(name: string): number {
  const value = Number(name);
  if (String(value) !== name) throw BAIL;
  return value;
}

/** The same of 64 bits. */
export function asWide(name: string): bigint {
  if (!DIGITS.test(name)) throw BAIL;
  const value = BigInt(name);
  if (String(value) !== name) throw BAIL;
  return value;
}

/** The boolean that the name of a property is, for keys of maps. */
export function asBool(name: string): boolean {
  if (name === "true") return true;
  if (name === "false") return false;
  throw BAIL;
}

function signed(value: unknown): void {
  if (typeof value !== "bigint") throw BAIL;
  I64[0] = value;
  if (I64[0] !== value) throw BAIL;
}

function unsigned(value: unknown): void {
  if (typeof value !== "bigint") throw BAIL;
  U64[0] = value;
  if (U64[0] !== value) throw BAIL;
}

/** The shared words as a varint. */
function putWide(b: Buffer, p: number): number {
  let low = U32[0] as number; // there are two
  let high = U32[1] as number;
  while (high !== 0) {
    b[p++] = (low & 0x7f) | 0x80;
    low = ((low >>> 7) | (high << 25)) >>> 0;
    high >>>= 7;
  }
  return putVarint(b, low, p);
}

function four(b: Buffer, value: number, p: number): number {
  b[p] = value;
  b[p + 1] = value >>> 8;
  b[p + 2] = value >>> 16;
  b[p + 3] = value >>> 24;
  return p + 4;
}

/** The shared words as they are. */
function eight(b: Buffer, p: number): number {
  four(b, I32[0] as number, p); // there are two
  return four(b, I32[1] as number, p + 4);
}
