import { BAIL } from "../bail.ts";
import { longTag, type Reader, varint } from "../reader.ts";

export const VARINT = 0;
export const BITS_64 = 1;
export const LENGTH_DELIMITED = 2;
export const START_GROUP = 3;
const END_GROUP = 4;
export const BITS_32 = 5;

/** Reads the tag at `p`, and leaves `r.p` behind it. */
export function tagAt(r: Reader, p: number): number {
  const tag = r.b[p] ?? 0;
  if (tag > 0x7f) return longTag(r, p + 1);
  r.p = p + 1;
  return tag;
}

/**
 * Where the value ends that stands at `p` behind its tag. `r.p` is left where its content begins: behind the length, where it
 * has one. Bails at what is no value, and at what goes past `end`.
 */
export function endOfValue(r: Reader, tag: number, p: number, end: number): number {
  const after = (tag & 7) === START_GROUP ? endOfGroup(r, p, end) : endOfPlain(r, tag, p);
  if (after > end) throw BAIL;
  return after;
}

function endOfPlain(r: Reader, tag: number, p: number): number {
  r.p = p;
  switch (tag & 7) {
    case VARINT: {
      let at = p;
      while ((r.b[at++] ?? 0) > 0x7f);
      return at;
    }
    case BITS_64:
      return p + 8;
    case BITS_32:
      return p + 4;
    case LENGTH_DELIMITED: {
      const short = r.b[p] ?? 0;
      const length = short > 0x7f ? varint(r, p + 1) : short;
      if (short <= 0x7f) r.p = p + 1;
      return r.p + length;
    }
    default:
      throw BAIL;
  }
}

/** Groups within it are counted, and not gone into: that needs no stack. */
function endOfGroup(r: Reader, p: number, end: number): number {
  let at = p;
  for (let open = 1; open > 0; ) {
    if (at >= end) throw BAIL;
    const tag = tagAt(r, at);
    if ((tag & 7) === START_GROUP) open++;
    else if ((tag & 7) === END_GROUP) open--;
    at = (tag & 7) === START_GROUP || (tag & 7) === END_GROUP ? r.p : endOfPlain(r, tag, r.p);
  }
  r.p = p;
  return at;
}
