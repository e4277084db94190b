import { leastPacked } from "./packed.ts";
import type { SizeRule, SizeRules } from "./size-rules.ts";
import { BITS_32, BITS_64, LENGTH_DELIMITED, VARINT } from "./skip.ts";

/** How deep messages lie in each other at most: protobuf-es refuses what is deeper. */
export const MAX_DEPTH = 100;

/**
 * Whether a message, or one within it, may have more elements in a list or map than are enough to break its rule. A good
 * request pays for this look alone, so that it does little: it counts tags, takes each entry of a map for another one, and
 * of numbers without tags it asks for no more than how many there are at least. What it does not understand is suspect.
 */
export function isSuspect(b: Buffer, start: number, end: number, rules: SizeRules, depth: number): boolean {
  let counts: number[] | undefined;
  let tag = -1;
  let rule: SizeRule | undefined;
  let count = 0;
  for (let p = start; p < end; ) {
    let next = b[p++] as number; // the message lies within the buffer
    if (next > 0x7f) {
      const more = b[p++] ?? 0xff;
      if (more > 0x7f) return true;
      next = (next & 0x7f) | (more << 7);
    }
    if (next !== tag) {
      if (rule !== undefined) {
        counts ??= [];
        counts[rule.place] = count;
      }
      tag = next;
      rule = rules.byTag[tag] ?? rules.fields.get(tag >>> 3);
      count = rule === undefined ? 0 : (counts?.[rule.place] ?? 0);
    }
    const wireType = tag & 7;
    if (wireType === LENGTH_DELIMITED) {
      let length = b[p++] ?? 0;
      if (length > 0x7f) {
        length &= 0x7f;
        let shift = 7;
        let byte: number;
        do {
          byte = b[p++] ?? 0xff;
          length |= (byte & 0x7f) << shift;
          shift += 7;
        } while (byte > 0x7f && shift < 28);
        if (byte > 0x7f) return true;
      }
      const after = p + length;
      if (after > end) return true;
      if (rule !== undefined) {
        const { packing, inner } = rule;
        count += packing === undefined ? 1 : leastPacked(length, packing);
        if (count > rule.enough) return true;
        if (inner !== undefined && length >= inner.leastBytes)
          if (depth === MAX_DEPTH || isSuspect(b, p, after, inner, depth + 1)) return true;
      }
      p = after;
      continue;
    }
    if (rule !== undefined && (rule.packing === undefined || ++count > rule.enough)) return true;
    if (wireType === VARINT) while ((b[p++] ?? 0) > 0x7f);
    else if (wireType === BITS_64) p += 8;
    else if (wireType === BITS_32) p += 4;
    else return true;
  }
  return false;
}
