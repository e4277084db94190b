import assert from "node:assert/strict";
import { it } from "node:test";
import { percentEncoded } from "../../../../src/runrpc/server/http/percent-encoding.ts";

it("of ASCII, all but controls, DEL and the percent sign stay as they are", () => {
  const encoded = Array.from({ length: 128 }, (_, code) => percentEncoded(`a${String.fromCharCode(code)}b`));
  for (const [code, text] of encoded.entries()) {
    const isPlain = code >= 0x20 && code < 0x7f && code !== 0x25;
    const hex = code.toString(16).toUpperCase().padStart(2, "0");
    assert.equal(text, isPlain ? `a${String.fromCharCode(code)}b` : `a%${hex}b`);
  }
});

it("other characters are the bytes of their UTF-8, half a surrogate pair those of U+FFFD", () => {
  assert.equal(percentEncoded("é€😀"), "%C3%A9%E2%82%AC%F0%9F%98%80");
  assert.equal(percentEncoded("\ud800"), "%EF%BF%BD");
});

it("a space at either end, which HTTP would take away, is encoded", () => {
  assert.equal(percentEncoded(" a b "), "%20a b%20");
  assert.equal(percentEncoded(" "), "%20");
});

it("what is encoded decodes to what it was", () => {
  for (const text of ["", "plain", " %41 é\n", "😀%", "a: b, c/d?"])
    assert.equal(decodeURIComponent(percentEncoded(text)), text);
});
