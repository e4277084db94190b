import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type AnswerCompressionOptions,
  createAnswerCompression,
} from "../../../../src/runrpc/server/lanes/answer-compression.ts";
import { COMPRESSIONS } from "../../../../src/runrpc/server/lanes/compressions.ts";

const REMOTE = { peer: "203.0.113.7" };
const [gzip] = COMPRESSIONS;

function compression(options: Partial<AnswerCompressionOptions> = {}) {
  return createAnswerCompression({ minBytes: 100, encodings: [], loopback: false, ...options });
}

for (const [accepted, sent, expected] of [
  ["gzip", undefined, "gzip"],
  ["gzip, br, zstd", undefined, "zstd"],
  ["gzip,br", undefined, "br"],
  ["GZIP", undefined, "gzip"],
  ["identity,deflate,gzip", undefined, "gzip"],
  ["*", undefined, "zstd"],
  ["*;q=0.5, gzip", undefined, "gzip"],
  ["zstd;q=0, *", undefined, "br"],
  ["zstd;q=0.1, gzip;q=0.5, br;q=0.4", undefined, "gzip"],
  ["gzip;q=0.5, identity;q=1", undefined, undefined],
  ["gzip;q=0.5, identity;q=0.5", undefined, "gzip"],
  ["gzip;q=0", undefined, undefined],
  ["gzip;q=2", undefined, undefined],
  ["gzip;q=x", undefined, undefined],
  ["gzip ; q=0.5 ", undefined, "gzip"],
  ["identity", undefined, undefined],
  ["rot13, deflate", undefined, undefined],
  [",;=,", undefined, undefined],
  [`${"x,".repeat(600)}gzip`, undefined, undefined],
  // Who sends it can read it.
  [undefined, "gzip", "gzip"],
  ["", "br", "br"],
  ["identity", "gzip", undefined],
  [undefined, "identity", undefined],
  [undefined, "rot13", undefined],
  [undefined, undefined, undefined],
] as const) {
  test(`a client that accepts ${String(accepted).slice(0, 40)} and sent ${sent} is given ${expected}`, () => {
    assert.equal(compression().encodingFor(REMOTE, accepted, sent)?.name, expected);
  });
}

test("what a client said before is not taken for what another says", () => {
  const { encodingFor } = compression();
  const names = ["gzip", "br", "gzip", "identity", "gzip"].map(
    (text) => encodingFor(REMOTE, text, undefined)?.name,
  );
  assert.deepEqual(names, ["gzip", "br", "gzip", undefined, "gzip"]);
});

test("the setting's encodings are those that are given, in its order", () => {
  const { encodingFor } = compression({ encodings: ["gzip", "br"] });
  assert.equal(encodingFor(REMOTE, "zstd, br, gzip", undefined)?.name, "gzip");
  assert.equal(encodingFor(REMOTE, "zstd", undefined), undefined);
  assert.equal(encodingFor(REMOTE, undefined, "zstd"), undefined);
});

for (const peer of ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1", "unix"]) {
  test(`nothing is compressed for ${peer}, unless that is wanted`, () => {
    assert.equal(compression().encodingFor({ peer }, "gzip", "gzip"), undefined);
    assert.equal(compression({ loopback: true }).encodingFor({ peer }, "gzip", undefined)?.name, "gzip");
  });
}

test("with a least size of 0 nothing is compressed", () => {
  const { minBytes, encodingFor } = compression({ minBytes: 0, loopback: true });
  assert.equal(minBytes, Number.POSITIVE_INFINITY);
  assert.equal(encodingFor(REMOTE, "gzip", undefined), undefined);
});

for (const each of COMPRESSIONS) {
  test(`${each.name}: what does not get shorter leaves as it is`, async () => {
    const { compress } = compression();
    const random = crypto.getRandomValues(new Uint8Array(2_000));
    assert.equal(await compress(each, random), undefined);
    const packed = await compress(each, Buffer.alloc(2_000, 7));
    assert.deepEqual(packed && (await each.decompress(packed, 2_000)), new Uint8Array(2_000).fill(7));
  });
}

test("so many messages are at work at most, and when they are done there is room again", async () => {
  assert.ok(gzip);
  const { compress } = compression();
  const message = Buffer.alloc(1_000, 7);
  const first = Array.from({ length: 40 }, () => compress(gzip, message));
  assert.equal(first.filter((packing) => packing !== undefined).length, 32);
  await Promise.all(first);
  assert.notEqual(compress(gzip, message), undefined);
});

test("so many bytes are at work at most, but for one message alone", async () => {
  assert.ok(gzip);
  const { compress } = compression();
  const alone = compress(gzip, Buffer.alloc(40_000_000));
  assert.notEqual(alone, undefined);
  assert.equal(compress(gzip, Buffer.alloc(1_000)), undefined);
  await alone;
  const half = compress(gzip, Buffer.alloc(16_777_216));
  assert.notEqual(half, undefined);
  const other = compress(gzip, Buffer.alloc(16_777_216));
  assert.notEqual(other, undefined);
  assert.equal(compress(gzip, Buffer.alloc(1)), undefined);
  await Promise.all([half, other]);
});

test("a compression that fails leaves the message as it is, and gives its room back", async () => {
  assert.ok(gzip);
  const { compress } = compression();
  const failing = { ...gzip, compress: () => Promise.reject(new Error("no memory")) };
  for (let index = 0; index < 40; index++)
    assert.equal(await compress(failing, Buffer.alloc(1_000)), undefined);
});
