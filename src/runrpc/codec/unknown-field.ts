import { BAIL } from "./bail.ts";
import { bytes, type Reader, varint } from "./reader.ts";

/** A field that the schema does not know, as protobuf-es keeps it. */
export interface UnknownField {
  readonly no: number;
  readonly wireType: number;
  readonly data: Uint8Array;
}

const VARINT = 0;
const BITS_64 = 1;
const LENGTH_DELIMITED = 2;
const BITS_32 = 5;

/** The field with this tag, whose value begins at `p`. A group is protobuf-es's. */
export function unknownField(r: Reader, tag: number, p: number, end: number): UnknownField {
  const no = tag >>> 3;
  const wireType = tag & 7;
  const after = endOf(r, wireType, p);
  if (after > end || no === 0) throw BAIL;
  r.p = after;
  return { no, wireType, data: bytes(r.b, p, after) };
}

function endOf(r: Reader, wireType: number, p: number): number {
  switch (wireType) {
    case VARINT:
      while ((r.b[p++] ?? 0) > 0x7f);
      return p;
    case BITS_64:
      return p + 8;
    case BITS_32:
      return p + 4;
    case LENGTH_DELIMITED: {
      const length = r.b[p++] ?? 0;
      if (length <= 0x7f) return p + length;
      const long = varint(r, p);
      return r.p + long;
    }
    default:
      throw BAIL;
  }
}
