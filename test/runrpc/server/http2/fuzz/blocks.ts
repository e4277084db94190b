import { STATIC_FIELDS } from "../../../../../src/runrpc/server/http2/hpack/static-table.ts";
import type { Random } from "../../lanes/differential/random.ts";

export type Header = readonly [name: string, value: string];

/** What both ends remember (RFC 7541, 2.3.2), the latest first. */
export interface Model {
  readonly entries: Header[];
  limitBytes: number;
}

export function createModel(): Model {
  return { entries: [], limitBytes: TABLE_BYTES };
}

/** Within HPACK's rules: indexed fields, every kind of literal, changes of the table's size, with and without Huffman. */
export function validBlock(model: Model, random: Random): { bytes: Buffer; headers: readonly Header[] } {
  const parts: Buffer[] = [];
  while (random.chance(0.1)) parts.push(resized(model, random.pick([0, 40, 64, 200, TABLE_BYTES])));
  const headers = Array.from({ length: random.below(8) }, () => {
    const [part, header] = random.chance(0.4) ? indexed(model, random) : literal(model, random);
    parts.push(part);
    return header;
  });
  return { bytes: Buffer.concat(parts), headers };
}

/** A block that breaks one rule, whatever stands before it: COMPRESSION_ERROR (RFC 7541, 2.3.3, 4.2, 5 and 6). */
export function brokenBlock(model: Model, random: Random): Buffer {
  const before = random.chance(0.5) ? validBlock(model, random).bytes : Buffer.alloc(0);
  const beyond = STATIC_COUNT + model.entries.length + 1 + random.below(1_000);
  const rule = random.pick<() => Buffer>([
    () => integer(0x80, 0x7f, 0),
    () => integer(0x80, 0x7f, beyond),
    () => Buffer.concat([integer(0x40, 0x3f, beyond), text("a", false)]),
    () => Buffer.concat([integer(0x10, 0x0f, beyond), text("a", false)]),
    () => integer(0x20, 0x1f, TABLE_BYTES + 1 + random.below(1_000)),
    () => Buffer.concat([integer(0x80, 0x7f, 2), integer(0x20, 0x1f, random.below(TABLE_BYTES))]),
    () => Buffer.concat([Buffer.of(0x40), text("x", false)]), // no value
    () => Buffer.concat([Buffer.of(0x00), text("x", false), integer(0, 0x7f, 1 + random.below(9))]), // cut off
    () => Buffer.from([0xff, 0x80, 0x80, 0x80, 0x80, 0x01]), // 29 bits and more
    () => Buffer.concat([Buffer.of(0x00), Buffer.from([0x81, 0x00]), text("a", false)]), // padding of zeros
  ])();
  return Buffer.concat([before, rule]);
}

function indexed(model: Model, random: Random): readonly [Buffer, Header] {
  const index = anyIndex(model, random);
  return [integer(0x80, 0x7f, index), entryAt(model, index)];
}

function literal(model: Model, random: Random): readonly [Buffer, Header] {
  const [first, mask] = random.pick([
    [0x40, 0x3f],
    [0x00, 0x0f],
    [0x10, 0x0f],
  ] as const);
  const index = random.chance(0.5) ? anyIndex(model, random) : 0;
  const name = index === 0 ? random.pick(NAMES) : entryAt(model, index)[0];
  const value = random.chance(0.5) ? random.pick(VALUES) : "v".repeat(random.below(300));
  const header = [name, value] as const;
  const named = index === 0 ? text(name, random.chance(0.5)) : Buffer.alloc(0);
  const bytes = Buffer.concat([integer(first, mask, index), named, text(value, random.chance(0.5))]);
  if (first === 0x40) insert(model, header);
  return [bytes, header];
}

function resized(model: Model, limitBytes: number): Buffer {
  model.limitBytes = limitBytes;
  evict(model, 0);
  return integer(0x20, 0x1f, limitBytes);
}

function insert(model: Model, header: Header): void {
  evict(model, sizeOf(header));
  if (sizeOf(header) <= model.limitBytes) model.entries.unshift(header);
}

function evict({ entries, limitBytes }: Model, roomBytes: number): void {
  const held = (): number => entries.reduce((sum, each) => sum + sizeOf(each), 0);
  while (entries.length > 0 && held() + roomBytes > limitBytes) entries.pop();
}

/** RFC 7541, 4.1. */
function sizeOf([name, value]: Header): number {
  return 32 + name.length + value.length;
}

function anyIndex({ entries }: Model, random: Random): number {
  return random.chance(0.5) && entries.length > 0
    ? STATIC_COUNT + 1 + random.below(entries.length)
    : random.pick(STATIC_INDICES);
}

function entryAt({ entries }: Model, index: number): Header {
  const found = STATIC_FIELDS[index];
  return found !== undefined ? [found.name, found.value] : (entries[index - STATIC_COUNT - 1] as Header); // there, by anyIndex
}

function integer(first: number, mask: number, value: number): Buffer {
  if (value < mask) return Buffer.of(first | value);
  const bytes = [first | mask];
  let rest = value - mask;
  for (; rest >= 128; rest >>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

/** With Huffman's code where it is known. */
function text(characters: string, mayBeHuffman: boolean): Buffer {
  const coded = mayBeHuffman ? HUFFMAN.get(characters) : undefined;
  const bytes = coded ?? Buffer.from(characters, "latin1");
  return Buffer.concat([integer(coded === undefined ? 0 : 0x80, 0x7f, bytes.length), bytes]);
}

/** The default of SETTINGS_HEADER_TABLE_SIZE. */
const TABLE_BYTES = 4_096;
const STATIC_COUNT = 61;
/** Of headers that any request may have: not content-length, which must have a number, nor transfer-encoding. */
const STATIC_INDICES = Array.from({ length: STATIC_COUNT - 14 }, (_, index) => index + 15).filter(
  (index) => index !== 28 && index !== 57,
);

/** From the examples of RFC 7541, C.4 and C.6. */
const HUFFMAN: ReadonlyMap<string, Buffer> = new Map(
  [
    ["www.example.com", "f1e3c2e5f23a6ba0ab90f4ff"],
    ["no-cache", "a8eb10649cbf"],
    ["custom-key", "25a849e95ba97d7f"],
    ["custom-value", "25a849e95bb8e8b4bf"],
    ["302", "6402"],
    ["private", "aec3771a4b"],
    ["gzip", "9bd9ab"],
  ].map(([characters = "", hex = ""]) => [characters, Buffer.from(hex, "hex")] as const),
);
const NAMES = ["custom-key", "private", "gzip", "x-a", "cookie"];
const VALUES = [...HUFFMAN.keys(), "", "a b", "\xe9"];
