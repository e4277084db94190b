import assert from "node:assert/strict";
import { it } from "node:test";
import { Encoder } from "../../../../../src/runrpc/server/http2/hpack/encoder.ts";
import { outgoingField } from "../../../../../src/runrpc/server/http2/hpack/outgoing-field.ts";

/** A block of one header, as text in hexadecimal. */
function encode(encoder: Encoder, name: string, value: string): string {
  const out = Buffer.alloc(200);
  const start = encoder.start(out, 0);
  return out.toString("hex", 0, encoder.header(out, start, outgoingField(name), value));
}

/** A header of the table's entry 62, as far back as it is. */
const entry = (back: number): string => (0x80 | (62 + back)).toString(16);

it("four values of a name are kept, and no fifth", () => {
  const encoder = new Encoder();
  for (const value of ["a", "b", "c", "d"])
    assert.equal(encode(encoder, "vary", value), `7b01${Buffer.from(value).toString("hex")}`);
  assert.equal(encode(encoder, "vary", "e"), "0f2c0165");
  assert.equal(encode(encoder, "vary", "e"), "0f2c0165");
  assert.equal(encode(encoder, "vary", "a"), entry(3));
  assert.equal(encode(encoder, "vary", "d"), entry(0));
});

it("what fills the table to its last byte is kept, what is a byte longer is not", () => {
  const encoder = new Encoder();
  encoder.resize(32 + "vary".length + 3);
  assert.match(encode(encoder, "vary", "abcd"), /0f2c0461626364$/);
  assert.match(encode(encoder, "vary", "abc"), /^7b03616263$/);
  assert.equal(encode(encoder, "vary", "abc"), entry(0));
  assert.match(encode(encoder, "server", ""), /^0f2700$/);
});

it("a change of the table's size is told once, the least of several first", () => {
  const encoder = new Encoder();
  encoder.resize(100);
  encoder.resize(70);
  encoder.resize(4_096);
  assert.equal(encode(encoder, "etag", "x"), "3f273fe11f0f130178");
  assert.equal(encode(encoder, "etag", "x"), "0f130178");
  encoder.resize(1e9); // above what is used anyway
  assert.equal(encode(encoder, "etag", "x"), "0f130178");
});

it("ids and secrets are sent so that no proxy indexes them", () => {
  const encoder = new Encoder();
  for (let again = 0; again < 2; again++) {
    assert.match(encode(encoder, "x-request-id", "1"), /^100c/);
    assert.match(encode(encoder, "set-cookie", "a=1"), /^1f28/);
  }
});
