import { COMPRESSION_ERROR, ConnectionError, ENHANCE_YOUR_CALM } from "../errors.ts";
import { BlockCache } from "./block-cache.ts";
import { DynamicTable } from "./dynamic-table.ts";
import { Field, kindOfName } from "./field.ts";
import type { HuffmanReader } from "./huffman.ts";
import { RequestHead } from "./request-head.ts";

/** Limits on the headers of a request. One above them is told by `RequestHead.problem`. */
export interface HeaderLimits {
  readonly maxHeaderBytes: number;
  readonly maxHeaderPairs: number;
}

/** The default of SETTINGS_HEADER_TABLE_SIZE, which is what we announce. */
const TABLE_BYTES = 4_096;

/** A block that unfolds to so many times what is allowed is an attack, and ends its connection. */
const FLOOD = 8;

/** Integers of HPACK have at most so many bytes behind their first: 28 bits, more than any length or index. */
const MAX_INTEGER_SHIFT = 21;

/**
 * Decodes the header blocks of one connection (RFC 7541). Every block must come through here, one that nobody wants as
 * well: the table is the connection's. A class, because it holds that table, and what it reads from.
 */
export class Decoder {
  readonly #limits: HeaderLimits;
  readonly #huffman: HuffmanReader;
  readonly #table = new DynamicTable(TABLE_BYTES);
  readonly #cache = new BlockCache();
  #bytes: Buffer = NOTHING;
  #at = 0;
  #end = 0;

  constructor(limits: HeaderLimits, huffman: HuffmanReader) {
    this.#limits = limits;
    this.#huffman = huffman;
  }

  /** @throws ConnectionError for a block that breaks HPACK's rules, or unfolds to far more than is allowed. */
  decode(bytes: Buffer, start: number, end: number): RequestHead {
    const { version } = this.#table;
    const known = this.#cache.find(bytes, start, end, version);
    if (known !== undefined) return known;
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    const head = this.#head();
    this.#bytes = NOTHING; // or the last read of every connection would be held
    if (this.#table.version === version) this.#cache.keep(bytes, start, end, version, head);
    return head;
  }

  #head(): RequestHead {
    const head = new RequestHead();
    let mayResize = true;
    while (this.#at < this.#end) {
      const first = this.#bytes[this.#at] as number; // before the end
      if ((first & 0xe0) === 0x20) {
        if (!mayResize) throw broken("the header table is resized within a block");
        this.#table.resize(this.#integer(0x1f));
        continue;
      }
      mayResize = false;
      this.#add(head, this.#field(first));
    }
    head.finish();
    return head;
  }

  #add(head: RequestHead, field: Field): void {
    const { maxHeaderBytes, maxHeaderPairs } = this.#limits;
    head.bytes += field.bytes;
    head.pairs++;
    // One above the limits is read on: what it is decides how it is refused.
    head.add(field);
    if (head.bytes <= maxHeaderBytes && head.pairs <= maxHeaderPairs) return;
    head.problem ??= "too-large";
    if (head.bytes > FLOOD * maxHeaderBytes || head.pairs > FLOOD * maxHeaderPairs)
      throw new ConnectionError(
        ENHANCE_YOUR_CALM,
        `${head.pairs} request headers of ${head.bytes} bytes, where ${maxHeaderPairs} of ${maxHeaderBytes} are allowed`,
      );
  }

  /** RFC 7541, 6: an entry, or a literal that is kept (01), not kept (0000) or never to be kept (0001). */
  #field(first: number): Field {
    if (first >= 0x80) return this.#table.at(this.#integer(0x7f));
    const isKept = first >= 0x40;
    const index = this.#integer(isKept ? 0x3f : 0x0f);
    let field: Field;
    if (index === 0) {
      const name = this.#text();
      field = new Field(name, kindOfName(name), this.#text());
    } else {
      const { name, nameKind } = this.#table.at(index);
      field = new Field(name, nameKind, this.#text());
    }
    if (isKept) this.#table.insert(field);
    return field;
  }

  /** RFC 7541, 5.1. `mask` is what of the first byte belongs to the integer. */
  #integer(mask: number): number {
    let value = (this.#bytes[this.#at++] as number) & mask; // the caller has seen this byte
    if (value < mask) return value;
    for (let shift = 0; shift <= MAX_INTEGER_SHIFT && this.#at < this.#end; shift += 7) {
      const byte = this.#bytes[this.#at++] as number; // before the end
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw broken("an integer in a header block does not end");
  }

  #text(): string {
    if (this.#at >= this.#end) throw broken("a header block ends before a text");
    const isHuffman = (this.#bytes[this.#at] as number) >= 0x80; // before the end
    const length = this.#integer(0x7f);
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#end) throw broken("a header block ends within a text");
    return isHuffman
      ? this.#huffman.read(this.#bytes, start, this.#at)
      : this.#bytes.latin1Slice(start, this.#at);
  }
}

function broken(text: string): ConnectionError {
  return new ConnectionError(COMPRESSION_ERROR, text);
}

const NOTHING = Buffer.alloc(0);
