import assert from "node:assert/strict";
import { COMPRESSION_ERROR, ConnectionError } from "../../../../../src/runrpc/server/http2/errors.ts";
import { Decoder } from "../../../../../src/runrpc/server/http2/hpack/decoder.ts";
import { createHuffmanReader } from "../../../../../src/runrpc/server/http2/hpack/huffman.ts";
import { createRandom, type Random } from "../../lanes/differential/random.ts";
import { brokenBlock, createModel, type Header, validBlock } from "./blocks.ts";

const huffman = createHuffmanReader();

/**
 * The header blocks of one connection from a seed: all but the last keep HPACK's rules and are read as they were meant; the
 * last one breaks a rule, or has bytes changed at random.
 */
export function runBlocks(seed: number): void {
  const random = createRandom(seed);
  const decoder = new Decoder({ maxHeaderBytes: 1e6, maxHeaderPairs: 1e3 }, huffman);
  const model = createModel();
  let last: Buffer = Buffer.alloc(0);
  for (let count = 1 + random.below(12); count > 0; count--) {
    const { bytes, headers } = validBlock(model, random);
    assertRead(decoder, bytes, headers);
    last = bytes;
  }
  if (random.chance(0.5)) {
    const broken = brokenBlock(model, random);
    assert.throws(() => decoder.decode(broken, 0, broken.length), isBroken, broken.toString("hex"));
  } else assertSurvives(decoder, changed(last, random));
}

function assertRead(decoder: Decoder, bytes: Buffer, headers: readonly Header[]): void {
  const hex = bytes.toString("hex");
  const head = decoder.decode(bytes, 0, bytes.length);
  const expected: Record<string, string> = {};
  for (const [name, value] of headers) {
    const before = expected[name];
    expected[name] = before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`;
  }
  assert.equal(head.problem, undefined, hex);
  assert.deepEqual({ ...head.headers }, expected, hex);
  assert.equal(head.pairs, headers.length, hex);
  assert.equal(
    head.bytes,
    headers.reduce((sum, [name, value]) => sum + 32 + name.length + value.length, 0),
    hex,
  );
}

/** What comes of it is a head or the connection's error, and nothing else. */
function assertSurvives(decoder: Decoder, bytes: Buffer): void {
  try {
    // A byte stands for one header at most.
    assert.ok(decoder.decode(bytes, 0, bytes.length).pairs <= bytes.length);
  } catch (error) {
    assert.ok(error instanceof ConnectionError, bytes.toString("hex"));
  }
}

function changed(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  for (let count = 1 + random.below(4); count > 0 && copy.length > 0; count--)
    copy[random.below(copy.length)] = random.below(256);
  return copy.subarray(0, random.chance(0.2) ? random.below(copy.length + 1) : copy.length);
}

function isBroken(error: unknown): boolean {
  return error instanceof ConnectionError && error.code === COMPRESSION_ERROR;
}
