import { huffmanLengths, staticNames, staticValues } from "./hpack-tables.ts";

/** Headers in the order in which they are sent. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** What both ends of a connection may remember, in bytes, as RFC 9113 has it when nothing else is said. */
const tableBytes = 4_096;

const staticCount = staticNames.length - 1;

/**
 * Reads header blocks of one connection into `into`, which may hold more than one block's headers. It keeps the
 * dynamic table that a real client has, so that the server may send what it sends to those (RFC 7541).
 */
export function createHeaderDecoder(): (block: Buffer) => Map<string, string> {
  const table: (readonly [string, string])[] = [];
  let used = 0;
  let limit = tableBytes;

  function evict(): void {
    while (used > limit) {
      const [name, value] = table.pop() ?? ["", ""];
      used -= name.length + value.length + 32;
    }
  }

  function entry(index: number): readonly [string, string] {
    if (index <= staticCount) return [staticNames[index] ?? "", staticValues[index] ?? ""];
    const found = table[index - staticCount - 1];
    if (found === undefined) throw new Error(`a header block refers to entry ${index}, which is not there`);
    return found;
  }

  return (block) => {
    const headers = new Map<string, string>();
    const at = { block, offset: 0 };
    while (at.offset < block.length) {
      const first = block[at.offset] ?? 0;
      if (first >= 0x80) {
        const [name, value] = entry(integer(at, 7));
        headers.set(name, value);
      } else if (first >= 0x20 && first < 0x40) {
        limit = integer(at, 5);
        evict();
      } else {
        const isKept = first >= 0x40;
        const index = integer(at, isKept ? 6 : 4);
        const name = index === 0 ? text(at) : entry(index)[0];
        const value = text(at);
        headers.set(name, value);
        if (!isKept) continue;
        table.unshift([name, value]);
        used += name.length + value.length + 32;
        evict();
      }
    }
    return headers;
  };
}

/** Writes header blocks as a real client does: in full once, after that as indexes. All of them must fit the table. */
export function createHeaderEncoder(): (headers: HeaderList) => Buffer {
  const known = new Map<string, number>();
  const blocks = new Map<HeaderList, { readonly block: Buffer; readonly count: number }>();
  return (headers) => {
    const cached = blocks.get(headers);
    if (cached?.count === known.size) return cached.block;
    const before = known.size;
    const parts = headers.map(([name, value]) => {
      const position = known.get(`${name}\n${value}`);
      if (position !== undefined) return Buffer.from([0x80 | (staticCount + known.size - position)]);
      known.set(`${name}\n${value}`, known.size);
      return Buffer.concat([Buffer.from([0x40]), literal(name), literal(value)]);
    });
    const block = Buffer.concat(parts);
    if (known.size === before) blocks.set(headers, { block, count: before });
    return block;
  };
}

interface Reading {
  readonly block: Buffer;
  offset: number;
}

function integer(at: Reading, bits: number): number {
  const most = (1 << bits) - 1;
  let value = (at.block[at.offset++] ?? 0) & most;
  if (value < most) return value;
  for (let shift = 0; ; shift += 7) {
    const byte = at.block[at.offset++] ?? 0;
    value += (byte & 0x7f) << shift;
    if (byte < 0x80) return value;
  }
}

function text(at: Reading): string {
  const isHuffman = (at.block[at.offset] ?? 0) >= 0x80;
  const length = integer(at, 7);
  const start = at.offset;
  at.offset += length;
  return isHuffman ? huffmanText(at.block, start, at.offset) : at.block.toString("latin1", start, at.offset);
}

function literal(value: string): Buffer {
  const bytes = Buffer.from(value, "latin1");
  if (bytes.length > 126) throw new Error(`the header value ${value} is longer than 126 bytes`);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
}

/** Symbols in the order of their codes; for each length, its first code and where its symbols start. */
const symbols = Array.from(huffmanLengths, (_, symbol) => symbol).sort(
  (a, b) => codeLength(a) - codeLength(b) || a - b,
);
const firstCodes: number[] = [];
const firstSymbols: number[] = [];
const counts: number[] = [];
for (let length = 0, code = 0, position = 0; length <= 30; length++) {
  const count = symbols.filter((symbol) => codeLength(symbol) === length).length;
  firstCodes.push(code);
  firstSymbols.push(position);
  counts.push(count);
  position += count;
  code = (code + count) * 2;
}

function codeLength(symbol: number): number {
  return Number.parseInt(huffmanLengths.charAt(symbol), 36);
}

function huffmanText(block: Buffer, start: number, end: number): string {
  let result = "";
  let code = 0;
  let length = 0;
  for (let offset = start; offset < end; offset++) {
    const byte = block[offset] ?? 0;
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >> bit) & 1);
      length++;
      const place = code - (firstCodes[length] ?? 0);
      if (length < 5 || length > 30 || place < 0 || place >= (counts[length] ?? 0)) continue;
      result += String.fromCharCode(symbols[(firstSymbols[length] ?? 0) + place] ?? 0);
      code = 0;
      length = 0;
    }
  }
  return result;
}
