import { COMPRESSION_ERROR, ConnectionError } from "../errors.ts";
import type { Field } from "./field.ts";
import { STATIC_COUNT, STATIC_FIELDS } from "./static-table.ts";

/** The least that an entry takes (RFC 7541, 4.1). */
const MIN_ENTRY_BYTES = 32;

/**
 * What a peer's header blocks refer to: the static entries, and those that the peer had inserted (RFC 7541, 2.3). A
 * ring, because entries come at one end and go at the other. A class: each connection holds one.
 */
export class DynamicTable {
  /** How often an entry was inserted or the limit changed: while it is the same, a block means the same. */
  version = 0;
  readonly #mostBytes: number;
  readonly #mask: number;
  /** Made with the first entry: many connections never have one. */
  #ring: (Field | undefined)[] = [];
  #inserted = 0;
  #count = 0;
  #bytes = 0;
  #limitBytes: number;

  /** @param mostBytes what we announce as SETTINGS_HEADER_TABLE_SIZE. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
    this.#limitBytes = mostBytes;
    let slots = 1;
    while (slots * MIN_ENTRY_BYTES < mostBytes) slots *= 2;
    this.#mask = slots - 1;
  }

  /** @throws ConnectionError COMPRESSION_ERROR when there is no such entry. */
  at(index: number): Field {
    if (index > STATIC_COUNT) {
      const back = index - STATIC_COUNT;
      // What is within the count is in the ring.
      if (back <= this.#count) return this.#ring[(this.#inserted - back) & this.#mask] as Field;
    } else if (index > 0) return STATIC_FIELDS[index] as Field; // all 61 are there
    throw new ConnectionError(COMPRESSION_ERROR, `a header refers to entry ${index}, which is not there`);
  }

  /** An entry above the limit empties the table, and is no error (RFC 7541, 4.4). */
  insert(field: Field): void {
    this.version++;
    this.#evict(field.bytes);
    if (field.bytes > this.#limitBytes) return;
    this.#ring[this.#inserted++ & this.#mask] = field;
    this.#count++;
    this.#bytes += field.bytes;
  }

  /** @throws ConnectionError COMPRESSION_ERROR above what was announced. */
  resize(limitBytes: number): void {
    if (limitBytes > this.#mostBytes)
      throw new ConnectionError(
        COMPRESSION_ERROR,
        `a header table of ${limitBytes} bytes, above the announced ${this.#mostBytes}`,
      );
    this.version++;
    this.#limitBytes = limitBytes;
    this.#evict(0);
  }

  #evict(roomBytes: number): void {
    while (this.#count > 0 && this.#bytes + roomBytes > this.#limitBytes) {
      const place = (this.#inserted - this.#count) & this.#mask;
      this.#bytes -= (this.#ring[place] as Field).bytes; // the oldest of those counted
      this.#ring[place] = undefined;
      this.#count--;
    }
  }
}
