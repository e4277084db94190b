import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { BAIL } from "../bail.ts";
import { BITS_32, BITS_64, VARINT } from "./skip.ts";

/** How a number is written: as a varint, or in so many bytes. */
export type Packing = "varint" | 4 | 8;

/** How the elements of a list may stand behind each other without tags; undefined where they may not. */
export function packingOf(field: DescField): Packing | undefined {
  if (field.fieldKind !== "list" || field.message !== undefined) return undefined;
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return undefined;
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
    case ScalarType.FLOAT:
      return 4;
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
    case ScalarType.DOUBLE:
      return 8;
    default:
      return "varint";
  }
}

/** How many packed numbers have so many bytes, at the least: a varint has ten at most. */
export function leastPacked(bytes: number, packing: Packing): number {
  return packing === "varint" ? Math.ceil(bytes / 10) : Math.floor(bytes / packing);
}

/** How many packed numbers lie between two positions. Bails at what is no whole number of them. */
export function countPacked(b: Buffer, p: number, end: number, packing: Packing): number {
  if (packing !== "varint") {
    if ((end - p) % packing !== 0) throw BAIL;
    return (end - p) / packing;
  }
  let count = 0;
  for (let at = p; at < end; at++) if (isLast(b, at)) count++;
  if (end > p && !isLast(b, end - 1)) throw BAIL;
  return count;
}

/** Where the first `count` of them end. There are as many. */
export function endOfPacked(b: Buffer, p: number, count: number, packing: Packing): number {
  if (packing !== "varint") return p + count * packing;
  let at = p;
  for (let left = count; left > 0; at++) if (isLast(b, at)) left--;
  return at;
}

/** Whether a byte is the last one of its varint. */
function isLast(b: Buffer, at: number): boolean {
  return (b[at] as number) < 0x80; // within the buffer
}

/** Whether a number of its own is written with this wire type. */
export function isNumber(packing: Packing, wireType: number): boolean {
  switch (packing) {
    case 4:
      return wireType === BITS_32;
    case 8:
      return wireType === BITS_64;
    default:
      return wireType === VARINT;
  }
}
