import { BAIL } from "../bail.ts";
import { Reader } from "../reader.ts";
import { Copy } from "./copy.ts";
import { countPacked, endOfPacked, isNumber } from "./packed.ts";
import { MAP_KEY, type SizeRule, type SizeRules } from "./size-rules.ts";
import { endOfValue, LENGTH_DELIMITED, START_GROUP, tagAt } from "./skip.ts";
import { isSuspect, MAX_DEPTH } from "./suspect.ts";

/**
 * The bytes of a message without the elements that are behind the first `enough` of a list or map; undefined where there are
 * none. What broke a size rule breaks it without these as well. Of what is irregular nothing is left out: that is the
 * decoder's to refuse.
 */
export function shortenedBinary(bytes: Uint8Array, rules: SizeRules): Uint8Array | undefined {
  if (bytes.length < rules.leastBytes) return undefined;
  const b = bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isSuspect(b, 0, b.length, rules, 1)) return undefined;
  const walk = new Walk(b);
  walk.message(0, b.length, rules, 1);
  return walk.copy.finish();
}

/** What is known of one list or map while its message is gone through. */
interface Tally {
  /** Elements, or entries with whatever keys. */
  count: number;
  /** Those that begin here or later are left out. Undefined: nobody has asked. */
  limit: number | undefined;
}

/** A class, for one hidden shape. */
class Walk {
  readonly copy: Copy;
  readonly #r = new Reader();

  constructor(bytes: Buffer) {
    this.#r.b = bytes;
    this.copy = new Copy(bytes);
  }

  message(start: number, end: number, rules: SizeRules, depth: number): void {
    try {
      this.#fields(start, end, rules, depth);
    } catch (reason) {
      if (reason !== BAIL) throw reason;
    }
  }

  #fields(start: number, end: number, rules: SizeRules, depth: number): void {
    const r = this.#r;
    const tallies: Tally[] = [];
    let tag = -1;
    let rule: SizeRule | undefined;
    for (let p = start; p < end; ) {
      const at = p;
      const next = tagAt(r, p);
      if (next !== tag) {
        tag = next;
        rule = rules.fields.get(tag >>> 3);
        if (rule !== undefined && !isRegular(rule, tag & 7)) throw BAIL;
      }
      const lengthAt = r.p;
      p = endOfValue(r, tag, lengthAt, end);
      if (rule === undefined) continue;
      const { place, kind, enough, packing, inner } = rule;
      const hasLength = (tag & 7) === LENGTH_DELIMITED;
      const contentAt = r.p;
      tallies[place] ??= { count: 0, limit: undefined };
      const tally = tallies[place] as Tally; // it is there
      if (packing !== undefined && hasLength) {
        const count = countPacked(r.b, contentAt, p, packing);
        const room = Math.max(0, enough - tally.count);
        tally.count += count;
        if (count > room) this.#cut(lengthAt, contentAt, endOfPacked(r.b, contentAt, room, packing), p);
      } else if (++tally.count > enough) {
        tally.limit ??= kind === "map" ? this.#endOfKeys(start, end, tag, enough) : at;
        if (at >= tally.limit) this.copy.leaveOut(at, p);
      } else if (inner !== undefined && hasLength) this.#inner(lengthAt, contentAt, p, inner, depth);
    }
  }

  /** Leaves out what lies behind `to` of a value that ends at `end`. */
  #cut(lengthAt: number, contentAt: number, to: number, end: number): void {
    const before = this.copy.leftOut;
    this.copy.leaveOut(to, end);
    this.copy.setLength(lengthAt, contentAt, to - contentAt, before);
  }

  #inner(lengthAt: number, start: number, end: number, rules: SizeRules, depth: number): void {
    if (end - start < rules.leastBytes || depth === MAX_DEPTH) return;
    const before = this.copy.leftOut;
    this.message(start, end, rules, depth + 1);
    const less = this.copy.leftOut - before;
    if (less > 0) this.copy.setLength(lengthAt, start, end - start - less, before);
  }

  /** Where the first entries of a map end that have so many keys; nowhere when it has fewer: an entry may overwrite others. */
  #endOfKeys(start: number, end: number, tag: number, enough: number): number {
    const r = this.#r;
    const keys = new Set<string>();
    for (let p = start; p < end; ) {
      const found = tagAt(r, p);
      p = endOfValue(r, found, r.p, end);
      if (found === tag && keys.add(this.#keyOf(r.p, p)).size === enough) return p;
    }
    return Number.POSITIVE_INFINITY;
  }

  #keyOf(start: number, end: number): string {
    const r = this.#r;
    let key = "";
    for (let p = start; p < end; ) {
      const tag = tagAt(r, p);
      p = endOfValue(r, tag, r.p, end);
      if (tag === KEY_TAG) key = r.b.toString("utf8", r.p, p);
    }
    return key;
  }
}

const KEY_TAG = (MAP_KEY << 3) | LENGTH_DELIMITED;

/** Whether a field is written as its type is: a list of numbers with tags or without them, all else with a length. */
function isRegular({ packing, kind }: SizeRule, wireType: number): boolean {
  if (wireType === LENGTH_DELIMITED) return true;
  return packing === undefined ? kind !== "map" && wireType === START_GROUP : isNumber(packing, wireType);
}
