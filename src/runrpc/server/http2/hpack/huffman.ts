import { COMPRESSION_ERROR, ConnectionError } from "../errors.ts";
import { createHuffmanMachine, NO_STATE } from "./huffman-machine.ts";

const { next, symbols, gives, ends } = createHuffmanMachine();

/** The shortest code has five bits. */
const MOST_PER_BYTE = 8 / 5;

/** Reads Huffman texts into one buffer, which grows to the longest of them. Each decoder may have the same one. */
export interface HuffmanReader {
  /** @throws ConnectionError COMPRESSION_ERROR for a code that is none, and for wrong padding. */
  read(bytes: Buffer, start: number, end: number): string;
}

export function createHuffmanReader(): HuffmanReader {
  let out = Buffer.allocUnsafeSlow(1_024);
  return {
    read(bytes, start, end) {
      const mostBytes = Math.ceil((end - start) * MOST_PER_BYTE);
      if (out.length < mostBytes) out = Buffer.allocUnsafeSlow(2 * mostBytes);
      return out.latin1Slice(0, decode(bytes, start, end, out));
    },
  };
}

function decode(bytes: Buffer, start: number, end: number, out: Buffer): number {
  let state = 0;
  let length = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number; // `at` is within the bytes
    let place = state * 16 + (byte >> 4);
    if (gives[place] === 1) out[length++] = symbols[place] as number; // every place of the table is filled
    state = next[place] as number;
    if (state === NO_STATE) throw notHuffman();
    place = state * 16 + (byte & 15);
    if (gives[place] === 1) out[length++] = symbols[place] as number;
    state = next[place] as number;
    if (state === NO_STATE) throw notHuffman();
  }
  if (ends[state] !== 1) throw new ConnectionError(COMPRESSION_ERROR, "a Huffman text ends within a code");
  return length;
}

function notHuffman(): ConnectionError {
  return new ConnectionError(COMPRESSION_ERROR, "a Huffman code that stands for nothing");
}

declare global {
  // Node's own, and faster than `toString`; the types leave it out.
  interface Buffer {
    latin1Slice(start: number, end: number): string;
    latin1Write(text: string, offset: number): number;
  }
}
