import { writeInteger, writeText } from "./literals.ts";
import { STATIC_COUNT, STATIC_INDEX, STATUS_INDEX } from "./static-table.ts";

/**
 * Names whose values repeat from one response to the next. They alone are put into the table: indexed, the ids of
 * former calls would push out what repeats.
 */
const REPEATING: ReadonlySet<string> = new Set([
  "access-control-allow-origin",
  "access-control-expose-headers",
  "cache-control",
  "connect-accept-encoding",
  "connect-content-encoding",
  "content-encoding",
  "content-type",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-status",
  "server",
  "trailer",
  "vary",
]);

/** What a proxy must not index either (RFC 7541, 6.2.3): each call has another one, or it is a secret. */
const NEVER_INDEXED: ReadonlySet<string> = new Set(["authorization", "set-cookie", "x-request-id"]);

/** Values of each name that a connection remembers. */
const MAX_VALUES = 4;

/** We never use more, whatever the peer allows. */
const MAX_TABLE_BYTES = 4_096;

/** What a header takes at most on top of the characters of its name and value. */
export const HEADER_OVERHEAD_BYTES = 16;

/** What the start of a block takes at most: two changes of the table's size, and the status. */
export const BLOCK_START_BYTES = 16;

/**
 * Encodes the header blocks of one connection (RFC 7541). What is put into the table stays: when it is full, the rest
 * goes out as literals. So an entry is never searched for among many, and no block refers to what was pushed out. A
 * class, because it holds that table.
 */
export class Encoder {
  #limitBytes = MAX_TABLE_BYTES;
  #bytes = 0;
  #count = 0;
  /** The number of each value's insertion, by name and value. */
  #known: Map<string, Map<string, number>> | undefined = undefined;
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
    this.#known = undefined;
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

  header(out: Buffer, at: number, name: string, value: string): number {
    if (!REPEATING.has(name))
      return literal(out, at, NEVER_INDEXED.has(name) ? 0x10 : 0x00, 0x0f, name, value);
    this.#known ??= new Map();
    let values = this.#known.get(name);
    if (values === undefined) {
      values = new Map();
      this.#known.set(name, values);
    }
    const number = values.get(value);
    if (number !== undefined) return writeInteger(out, at, 0x80, 0x7f, STATIC_COUNT + this.#count - number);
    const bytes = 32 + name.length + value.length;
    if (values.size >= MAX_VALUES || this.#bytes + bytes > this.#limitBytes)
      return literal(out, at, 0x00, 0x0f, name, value);
    this.#bytes += bytes;
    values.set(value, this.#count++);
    return literal(out, at, 0x40, 0x3f, name, value);
  }
}

function literal(out: Buffer, at: number, first: number, mask: number, name: string, value: string): number {
  const index = STATIC_INDEX.get(name);
  if (index !== undefined) return writeText(out, writeInteger(out, at, first, mask, index), value);
  return writeText(out, writeText(out, writeInteger(out, at, first, mask, 0), name), value);
}
