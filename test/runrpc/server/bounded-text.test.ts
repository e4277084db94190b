import assert from "node:assert/strict";
import { it } from "node:test";
import { boundedText } from "../../../src/runrpc/server/bounded-text.ts";

it("a text of exactly the bound stays as it is, one more byte is cut and said so", () => {
  for (const text of ["x".repeat(1_024), "é".repeat(512), "€".repeat(341), "😀".repeat(256), ""])
    assert.equal(boundedText(text), text);
  assert.equal(boundedText("x".repeat(1_025)), `${"x".repeat(976)}… (cut, of 1025 characters)`);
  assert.equal(boundedText(`${"é".repeat(512)}x`), `${"é".repeat(488)}… (cut, of 513 characters)`);
});

it("a cut falls between two characters", () => {
  for (const character of ["é", "€", "😀"])
    for (let shift = 0; shift < 4; shift++) {
      const text = boundedText("x".repeat(shift) + character.repeat(2_000));
      assert.ok(Buffer.byteLength(text) <= 1_024);
      assert.equal(text.includes("\ufffd"), false);
    }
});

it("half a surrogate pair and U+0000 become U+FFFD, whether the text is cut or not", () => {
  assert.equal(boundedText("a\ud800b\0c\0"), "a\ufffdb\ufffdc\ufffd");
  const most = boundedText("\0".repeat(1_024));
  assert.ok(Buffer.byteLength(most) <= 1_024, `${Buffer.byteLength(most)} bytes`);
  assert.ok(boundedText(`a\0${"b".repeat(5_000)}`).startsWith("a\ufffdbb"));
  assert.ok(boundedText(`a\udc00${"b".repeat(5_000)}`).startsWith("a\ufffdbb"));
});

it("a text of 16 million characters costs what its beginning costs", () => {
  const text = "é".repeat(16_000_000);
  const before = process.cpuUsage();
  for (let time = 0; time < 100; time++) boundedText(text);
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 500_000, `${user + system} µs`);
});
