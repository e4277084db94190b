import assert from "node:assert/strict";
import { it } from "node:test";
import { ConnectionError } from "../../../../../src/runrpc/server/http2/errors.ts";
import { Decoder } from "../../../../../src/runrpc/server/http2/hpack/decoder.ts";
import { createHuffmanReader } from "../../../../../src/runrpc/server/http2/hpack/huffman.ts";
import type { RequestHead } from "../../../../../src/runrpc/server/http2/hpack/request-head.ts";
import { isCollected } from "../../../../collect.ts";

function decoder(maxHeaderBytes = 16_384, maxHeaderPairs = 64): (hex: string) => RequestHead {
  const made = new Decoder({ maxHeaderBytes, maxHeaderPairs }, createHuffmanReader());
  return (hex) => {
    const bytes = Buffer.from(`ffff${hex.replaceAll(" ", "")}ffff`, "hex");
    return made.decode(bytes, 2, bytes.length - 2);
  };
}

const isBroken = (error: unknown): boolean => error instanceof ConnectionError && error.code === 9;

for (const [title, blocks] of [
  [
    "C.3",
    [
      "828684410f7777772e6578616d706c652e636f6d",
      "828684be58086e6f2d6361636865",
      "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ],
  ],
  [
    "C.4",
    [
      "828684418cf1e3c2e5f23a6ba0ab90f4ff",
      "828684be5886a8eb10649cbf",
      "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ],
  ],
] as const) {
  it(`the requests of RFC 7541, ${title}`, () => {
    const decode = decoder();
    const of = (path: string, scheme: string, more: object): object => ({
      ":method": "GET",
      ":scheme": scheme,
      ":path": path,
      ":authority": "www.example.com",
      ...more,
    });
    assert.deepEqual({ ...decode(blocks[0]).headers }, of("/", "http", {}));
    assert.deepEqual({ ...decode(blocks[1]).headers }, of("/", "http", { "cache-control": "no-cache" }));
    assert.deepEqual(
      { ...decode(blocks[2]).headers },
      of("/index.html", "https", { "custom-key": "custom-value" }),
    );
  });
}

for (const [title, hex] of [
  ["index 0", "80"],
  ["an entry that is not there", "be"],
  ["an entry far beyond", "ffffff7f"],
  ["a name by an entry that is not there", "7f0001 61"],
  ["an integer that does not end", "ff"],
  ["an integer that does not end, though more could follow", "ff8080"],
  ["an integer above 28 bits", "ff8080808001"],
  ["a literal without a name", "40"],
  ["a literal without a value", "400161"],
  ["a name that is cut off", "40036162"],
  ["a value that is cut off", "4001610562"],
  ["a resize behind a header", "82 20"],
  ["a resize above what was announced", "3fe21f"],
  ["Huffman padding of zeros", "40 8100 00"],
  ["Huffman padding of more than seven bits", "00 82 1fff 00"],
  ["Huffman's end of string", "00 84 3fffffff 00"],
  ["a Huffman code that is cut off", "00 81 fe 00"],
] as const) {
  it(`${title} breaks the connection`, () => {
    assert.throws(() => decoder()(hex), isBroken);
  });
}

it("a resize at the start is taken, twice too, and evicts", () => {
  const decode = decoder();
  decode("82868441016140016101 62");
  assert.equal(decode("828684be").headers.a, "b");
  assert.equal(decode("20 3fe11f 828684").pairs, 3);
  assert.throws(() => decode("828684be"), isBroken);
});

it("an entry above the limit empties the table", () => {
  const decode = decoder();
  decode("3f05 4001610162"); // 36 bytes, and an entry of 34
  assert.equal(decode("be").headers.a, "b");
  decode("40016103626364"); // 36: fits alone
  assert.equal(decode("be").headers.a, "bcd");
  assert.throws(() => decode("bf"), isBroken);
  decode("4001610462636465"); // 37
  assert.throws(() => decode("be"), isBroken);
});

it("a block that repeats is found, as long as the table is what it was", () => {
  const decode = decoder();
  const first = decode("828684410161");
  const second = decode("828684be");
  assert.equal(decode("828684be"), second);
  assert.notEqual(second, first);
  assert.ok(Object.isFrozen(second.headers));
  decode("400162 0163");
  const third = decode("828684bf");
  assert.deepEqual({ ...third.headers }, { ...second.headers });
  assert.notEqual(decode("828684be"), second); // another entry by now
  assert.equal(decode("828684be").headers.b, "c");
});

it("blocks of one hash and length are told apart, and so are those of other lengths", () => {
  const decode = decoder();
  // All of them in eight slots.
  for (let round = 0; round < 2; round++)
    for (let value = 0; value < 64; value++) {
      const hex = Buffer.from(`v${value}`).toString("hex");
      assert.equal(
        decode(`828684 00 0161 ${(hex.length / 2).toString(16).padStart(2, "0")} ${hex}`).headers.a,
        `v${value}`,
      );
    }
});

it("a malformed block is not kept, nor is a long one", () => {
  const decode = decoder();
  assert.notEqual(decode("8282"), decode("8282"));
  const long = `82868400 0161 7f01${"61".repeat(128)}`;
  assert.equal(decode(long).headers.a, "a".repeat(128));
  assert.notEqual(decode(long), decode(long));
});

it("headers at the limit are taken, one byte or one pair more is too large", () => {
  const three = "828684"; // 42 + 43 + 38 = 123 bytes
  assert.equal(decoder(123)(three).problem, undefined);
  assert.equal(decoder(122)(three).problem, "too-large");
  assert.equal(decoder(1_000, 3)(three).problem, undefined);
  assert.equal(decoder(1_000, 2)(three).problem, "too-large");
});

it("the table goes on behind the limit, and a flood is told from a request that is too large", () => {
  const decode = decoder(123);
  const head = decode("828684 4001610162");
  assert.equal(head.problem, "too-large");
  assert.equal(head.headers.a, "b");
  assert.equal(decode("be").headers.a, "b");
  assert.equal(decode("828684 4001610162 82").problem, "malformed");
  assert.throws(
    () => decode("82".repeat(24)), // 24 × 42 = 1008 > 8 × 123
    (error) => error instanceof ConnectionError && error.code === 11,
  );
  assert.throws(
    () => decoder(1e9, 2)("82".repeat(17)),
    (error) => error instanceof ConnectionError && error.code === 11,
  );
  assert.equal(decoder(1e9, 2)("82".repeat(16)).problem, "malformed"); // it says :method twice, within the limit
});

it("names that JavaScript's objects have of themselves are names like others", () => {
  const literal = (name: string): string =>
    `00${Buffer.from([name.length]).toString("hex")}${Buffer.from(name).toString("hex")}0178`;
  const { headers } = decoder()(
    `828684${literal("__proto__")}${literal("constructor")}${literal("tostring")}`,
  );
  assert.deepEqual(Object.values(headers).slice(3), ["x", "x", "x"]);
  assert.equal(headers.hasownproperty, undefined);
  assert.deepEqual(Object.keys(headers).slice(3), ["__proto__", "constructor", "tostring"]);
});

it("a Huffman text of any length is read", () => {
  const decode = decoder(1e9);
  // "a" is 00011: eight of them in five bytes.
  const text = "18c6318c63".repeat(400);
  assert.equal(decode(`828684 000161 ff d1 0e ${text}`).headers.a, "a".repeat(3_200));
});

it("a flood begins above eight times the limit", () => {
  const value = (bytes: number): string =>
    `${Buffer.from([0, 1, 0x61, 0x7f, ...rest(bytes - 127)]).toString("hex")}${"76".repeat(bytes)}`;
  const rest = (left: number): number[] => (left < 128 ? [left] : [(left & 127) | 128, ...rest(left >> 7)]);
  const limit = 1_024;
  assert.equal(decoder(limit)(value(8 * limit - 33)).problem, "too-large");
  assert.throws(
    () => decoder(limit)(value(8 * limit - 32)),
    (error) => error instanceof ConnectionError && error.code === 11,
  );
});

it("a block that was read is let go of", async () => {
  const made = new Decoder({ maxHeaderBytes: 16_384, maxHeaderPairs: 64 }, createHuffmanReader());
  const read = (): WeakRef<object> => {
    const bytes = Buffer.from("400161016100", "hex");
    made.decode(bytes, 0, 5);
    return new WeakRef(bytes);
  };
  assert.equal(await isCollected(read()), true);
  assert.equal(made.decode(Buffer.from("be", "hex"), 0, 1).headers.a, "a");
});
