import { STATIC_FIELDS } from "../../../../../src/runrpc/server/http2/hpack/static-table.ts";

/** What a peer has been told to remember, the latest first. Nothing is evicted: the engine never does. */
export type Table = (readonly [name: string, value: string])[];

const STATIC_COUNT = 61;

/** Reads a header block as the engine writes it (RFC 7541, 6): without Huffman's code. */
export function readBlock(block: Buffer, table: Table): Record<string, string> {
  const headers: Record<string, string> = {};
  let at = 0;
  const integer = (mask: number): number => {
    let value = block.readUInt8(at++) & mask;
    if (value < mask) return value;
    for (let shift = 0; ; shift += 7) {
      const byte = block.readUInt8(at++);
      value += (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const text = (): string => {
    const length = integer(127);
    at += length;
    return block.toString("latin1", at - length, at);
  };
  const entry = (index: number): readonly [string, string] => {
    const known = index <= STATIC_COUNT ? STATIC_FIELDS[index] : undefined;
    const found =
      known === undefined ? table[index - STATIC_COUNT - 1] : ([known.name, known.value] as const);
    if (found === undefined) throw new Error(`entry ${index} is not there`);
    return found;
  };
  while (at < block.length) {
    const first = block.readUInt8(at);
    let field: readonly [string, string];
    if (first >= 128) field = entry(integer(127));
    else if (first >= 32 && first < 64) {
      if (integer(31) === 0) table.length = 0;
      continue;
    } else {
      const index = integer(first >= 64 ? 63 : 15);
      const name = index === 0 ? text() : entry(index)[0];
      field = [name, text()];
      if (first >= 64) table.unshift(field);
    }
    const [name, value] = field;
    headers[name] = headers[name] === undefined ? value : `${headers[name]}|${value}`;
  }
  return headers;
}
