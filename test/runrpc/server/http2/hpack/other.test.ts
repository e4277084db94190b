import assert from "node:assert/strict";
import { it } from "node:test";
import { ConnectionError } from "../../../../../src/runrpc/server/http2/errors.ts";
import { Decoder } from "../../../../../src/runrpc/server/http2/hpack/decoder.ts";
import {
  BLOCK_START_BYTES,
  Encoder,
  HEADER_OVERHEAD_BYTES,
} from "../../../../../src/runrpc/server/http2/hpack/encoder.ts";
import { createHuffmanReader } from "../../../../../src/runrpc/server/http2/hpack/huffman.ts";
import { outgoingField } from "../../../../../src/runrpc/server/http2/hpack/outgoing-field.ts";
import { createRandom, type Random } from "../../lanes/differential/random.ts";
import { askOther, type Headers, skip } from "./other.ts";

// Properties against another implementation, from seeds. HTTP2_SEED chooses others, HTTP2_ROUNDS more of them.
const seed = Number(process.env.HTTP2_SEED ?? 1);
const rounds = Number(process.env.HTTP2_ROUNDS ?? 1);
const LIMITS = { maxHeaderBytes: 1e9, maxHeaderPairs: 1e9 };

function decoder(): Decoder {
  return new Decoder(LIMITS, createHuffmanReader());
}

/** As `RequestHead` joins them. */
function joined(headers: Headers): Record<string, string> {
  const all: Record<string, string> = {};
  for (const [name, value] of headers) {
    const before = all[name];
    all[name] = before === undefined ? value : `${before}${name === "cookie" ? "; " : ", "}${value}`;
  }
  return all;
}

it("what another encoder writes is read: Huffman, evictions, changes of size, never-indexed", {
  skip,
}, async () => {
  const connections = Array.from({ length: 60 * rounds }, (_, index) => ({
    seed: seed * 1_000_000 + index,
    blocks: 30,
  }));
  const { encode } = await askOther({ encode: connections });
  let repeated = 0;
  for (const [index, blocks] of encode.entries()) {
    const ours = decoder();
    const seen = new Set<object>();
    for (const { hex, headers } of blocks) {
      const bytes = Buffer.from(hex, "hex");
      const head = ours.decode(bytes, 0, bytes.length);
      if (seen.has(head)) repeated++;
      seen.add(head);
      assert.equal(head.problem, undefined, `seed ${index}`);
      assert.deepEqual({ ...head.headers }, joined(headers), `seed ${index}`);
      assert.equal(head.pairs, headers.length);
      assert.equal(
        head.bytes,
        headers.reduce((sum, [name, value]) => sum + 32 + name.length + value.length, 0),
      );
    }
  }
  assert.ok(repeated > 5, "no block came twice");
});

it("what we write is read by another decoder, whatever the size of its table", { skip }, async () => {
  const meant: Headers[][] = [];
  const decode = Array.from({ length: 60 * rounds }, (_, index) => {
    const random = createRandom(seed * 1_000_000 + index);
    const encoder = new Encoder();
    const lists: Headers[] = [];
    meant.push(lists);
    let limit = 4_096;
    return Array.from({ length: 30 }, () => {
      // SETTINGS may change more than once between two blocks.
      while (random.below(5) === 0) {
        limit = random.pick([0, 30, 60, 100, 300, 4_096, 100_000]);
        encoder.resize(limit);
      }
      const headers = randomHeaders(random);
      lists.push(headers);
      return { hex: encode(encoder, headers).toString("hex"), limit };
    });
  });
  const answer = await askOther({ decode });
  assert.deepEqual(answer.decode, meant);
});

it("blocks that were changed at random are read as by another decoder, or refused by both", {
  skip,
}, async () => {
  const made = await askOther({
    encode: Array.from({ length: 100 * rounds }, (_, index) => ({
      seed: seed * 2_000_000 + index,
      blocks: 8,
    })),
  });
  const random = createRandom(seed);
  const decode = made.encode.map((blocks) =>
    blocks.map(({ hex }, index) => ({
      hex: index < blocks.length - 2 ? hex : mutate(hex, random),
      limit: 4_096,
    })),
  );
  const theirs = (await askOther({ decode })).decode;
  let refused = 0;
  for (const [index, blocks] of decode.entries()) {
    const ours = decoder();
    for (const [place, { hex }] of blocks.entries()) {
      const expected = theirs[index]?.[place] ?? assert.fail();
      const bytes = Buffer.from(hex, "hex");
      if (typeof expected === "string") {
        // An integer above 28 bits is an error to us and not to them, and they refuse nothing that we read.
        assert.throws(() => ours.decode(bytes, 0, bytes.length), ConnectionError, `${expected}: ${hex}`);
        refused++;
        break;
      }
      const head = ours.decode(bytes, 0, bytes.length);
      assert.equal(head.pairs, expected.length, hex);
      if (head.problem === undefined) assert.deepEqual({ ...head.headers }, joined(expected), hex);
    }
  }
  assert.ok(refused > 20 && refused < decode.length, `${refused} of ${decode.length} were refused`);
});

function encode(encoder: Encoder, headers: Headers): Buffer {
  const mostBytes = headers.reduce(
    (sum, [name, value]) => sum + HEADER_OVERHEAD_BYTES + name.length + value.length,
    BLOCK_START_BYTES,
  );
  const out = Buffer.alloc(mostBytes);
  let at = encoder.start(out, 0);
  for (const [name, value] of headers)
    at =
      name === ":status"
        ? encoder.status(out, at, Number(value))
        : encoder.header(out, at, outgoingField(name), value);
  assert.ok(at <= mostBytes);
  return out.subarray(0, at);
}

const NAMES = [
  "content-type",
  "grpc-status",
  "vary",
  "server",
  "x-request-id",
  "set-cookie",
  "etag",
  "x-own",
  "trailer",
];

function randomHeaders(random: Random): Headers {
  const count = random.below(8);
  const value = (): string => {
    if (random.below(3) > 0) return random.pick(["0", "application/grpc", "text/plain", "a", "b", "c"]);
    return random.pick(["x", "long-", "\xe9"]).repeat(random.below(200));
  };
  return [
    [":status", random.pick(["200", "404", "304", "503", "599"])],
    ...Array.from({ length: count }, () => [random.pick(NAMES), value()] as const),
  ];
}

function mutate(hex: string, random: Random): string {
  const bytes = Buffer.from(hex, "hex");
  for (let count = 1 + random.below(3); count > 0 && bytes.length > 0; count--)
    bytes[random.below(bytes.length)] = random.below(256);
  return bytes
    .subarray(0, random.below(4) === 0 ? random.below(bytes.length + 1) : bytes.length)
    .toString("hex");
}
