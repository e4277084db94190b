import assert from "node:assert/strict";
import { test } from "node:test";
import { keptSlice } from "../../../../src/runrpc/server/http2/kept-slice.ts";

function readOf(bytes: number): Buffer {
  const read = Buffer.allocUnsafeSlow(bytes);
  for (let index = 0; index < bytes; index++) read[index] = index % 251;
  return read;
}

test("a slice keeps at most 2 KiB, or eight times itself", () => {
  for (const readBytes of [100, 2_048, 2_049, 16_384, 65_536])
    for (const length of [0, 1, 64, 500, 512, 513, 2_000, 9_000, 16_384].filter(
      (bytes) => bytes <= readBytes,
    )) {
      const read = readOf(readBytes);
      const start = readBytes - length;
      const slice = keptSlice(read, start, readBytes);
      assert.deepEqual(slice, read.subarray(start));
      const held = slice.buffer.byteLength;
      assert.ok(held <= Math.max(2_048, 8 * length), `${length} bytes of ${readBytes} keep ${held}`);
    }
});

test("copies do not overlap, and stay when their read changes", () => {
  const slices = Array.from({ length: 1_000 }, (_, index) => {
    const read = readOf(8_192);
    const start = index % 200;
    const length = 1 + (index % 37);
    const slice = keptSlice(read, start, start + length);
    const expected = Buffer.from(read.subarray(start, start + length));
    read.fill(0xff);
    return { slice, expected };
  });
  for (const { slice, expected } of slices) assert.deepEqual(slice, expected);
});

test("a slice of a read of 2 KiB is not copied", () => {
  const read = readOf(2_048);
  assert.equal(keptSlice(read, 0, 1).buffer, read.buffer);
});
