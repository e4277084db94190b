import { writeInteger, writeText } from "./literals.ts";
import type { OutgoingField } from "./outgoing-field.ts";
import { STATIC_COUNT, STATUS_INDEX } from "./static-table.ts";

/** Values of each name that a connection remembers. */
const MAX_VALUES = 4;

/** We never use more, whatever the peer allows. */
const MAX_TABLE_BYTES = 4_096;

/** What a header takes at most on top of the characters of its name and value. */
export const HEADER_OVERHEAD_BYTES = 16;

/** What the start of a block takes at most: two changes of the table's size, and the status. */
export const BLOCK_START_BYTES = 16;

/** A value that is in the table. */
interface Kept {
  readonly value: string;
  /** How many entries were put there before it. */
  readonly number: number;
}

/**
 * Encodes the header blocks of one connection (RFC 7541). What is put into the table stays: when it is full, the rest
 * goes out as literals. So an entry is never searched for among many, and no block refers to what was pushed out. A
 * class, because it holds that table.
 */
export class Encoder {
  #limitBytes = MAX_TABLE_BYTES;
  #bytes = 0;
  #count = 0;
  /** By the field's place. */
  #kept: (Kept[] | undefined)[] = [];
  /** The least limit since the last block; the peer is to be told of it before the current one (RFC 7541, 4.2). */
  #leastBytes: number | undefined = undefined;

  /** Takes the peer's SETTINGS_HEADER_TABLE_SIZE. */
  resize(bytes: number): void {
    const limit = Math.min(MAX_TABLE_BYTES, bytes);
    if (limit === this.#limitBytes) return;
    this.#limitBytes = limit;
    this.#leastBytes = Math.min(this.#leastBytes ?? limit, limit);
    if (this.#bytes <= limit) return;
    // Which entries the peer would evict need not be known: all are forgotten, here and, by a size of 0, there.
    this.#kept = [];
    this.#bytes = 0;
    this.#count = 0;
    this.#leastBytes = 0;
  }

  /** Begins a block, and gives the place after what it wrote. */
  start(out: Buffer, at: number): number {
    if (this.#leastBytes === undefined) return at;
    let place = at;
    if (this.#leastBytes < this.#limitBytes) place = writeInteger(out, place, 0x20, 0x1f, this.#leastBytes);
    this.#leastBytes = undefined;
    return writeInteger(out, place, 0x20, 0x1f, this.#limitBytes);
  }

  status(out: Buffer, at: number, status: number): number {
    const index = STATUS_INDEX.get(status);
    if (index === undefined) return writeText(out, writeInteger(out, at, 0x00, 0x0f, 8), String(status));
    out[at] = 0x80 | index;
    return at + 1;
  }

  header(out: Buffer, at: number, field: OutgoingField, value: string): number {
    const { place } = field;
    if (place === -1) return literal(out, at, field.literalBits, 0x0f, field, value);
    this.#kept[place] ??= [];
    const values = this.#kept[place];
    for (const kept of values)
      if (kept.value === value)
        return writeInteger(out, at, 0x80, 0x7f, STATIC_COUNT + this.#count - kept.number);
    const bytes = 32 + field.name.length + value.length;
    if (values.length >= MAX_VALUES || this.#bytes + bytes > this.#limitBytes)
      return literal(out, at, 0x00, 0x0f, field, value);
    this.#bytes += bytes;
    values.push({ value, number: this.#count++ });
    return literal(out, at, 0x40, 0x3f, field, value);
  }
}

function literal(
  out: Buffer,
  at: number,
  first: number,
  mask: number,
  { staticIndex, name }: OutgoingField,
  value: string,
): number {
  if (staticIndex !== 0) return writeText(out, writeInteger(out, at, first, mask, staticIndex), value);
  return writeText(out, writeText(out, writeInteger(out, at, first, mask, 0), name), value);
}
