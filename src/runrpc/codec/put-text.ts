import { BAIL } from "./bail.ts";
import type { UnknownField } from "./unknown-field.ts";
import { ensure, putLength, putVarint, sizeOf, type Writer } from "./writer.ts";

/** Up to so many characters a loop over them costs less than the crossing into C++. */
const SHORT = 20;

/** Writes text behind its length, and leaves room for `rest` bytes more. */
export function putText(w: Writer, value: unknown, p: number, rest: number): number {
  if (typeof value !== "string") throw BAIL;
  const { length } = value;
  // A character takes at most three bytes.
  const b = ensure(w, p, length * 3 + 5 + rest);
  if (length <= SHORT) {
    b[p] = length;
    let i = 0;
    for (; i < length; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) break;
      b[p + 1 + i] = code;
    }
    if (i === length) return p + 1 + length;
  }
  const left = sizeOf(length);
  const written = b.write(value, p + left);
  // Half a surrogate pair becomes U+FFFD, of three bytes: what is ASCII needs no look.
  if (written !== length && !value.isWellFormed()) throw BAIL;
  return putLength(b, p, left, written);
}

/** Writes bytes behind their length, and leaves room for `rest` bytes more. */
export function putBytes(w: Writer, value: unknown, p: number, rest: number): number {
  if (!(value instanceof Uint8Array)) throw BAIL;
  const length = value.byteLength;
  const b = ensure(w, p, length + 5 + rest);
  const start = putVarint(b, length, p);
  b.set(value, start);
  return start + length;
}

/** Writes the fields that a message brought along and its schema does not know. */
export function putUnknown(w: Writer, fields: readonly UnknownField[], p: number): number {
  for (let i = 0; i < fields.length; i++) {
    const { no, wireType, data } = fields[i] as UnknownField; // there are so many
    const b = ensure(w, p, data.length + 5);
    p = putVarint(b, ((no << 3) | wireType) >>> 0, p);
    b.set(data, p);
    p += data.length;
  }
  return p;
}
