import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ensure, type Writer } from "../../../../../src/runrpc/codec/writer.ts";
import { Batch } from "../../../../../src/runrpc/server/lanes/fast/batch.ts";
import { Compressed } from "../../../../../src/runrpc/server/lanes/fast/compressed.ts";
import { Framed } from "../../../../../src/runrpc/server/lanes/fast/framed.ts";
import { framed } from "./serve.ts";

/** Writes a text as a codec writes a message. */
function append(value: object, writer: Writer, at: number): number {
  const bytes = Buffer.from(String(value));
  ensure(writer, at, bytes.length).set(bytes, at);
  return at + bytes.length;
}

const envelopesOf = (...texts: readonly string[]) =>
  Buffer.concat(texts.map((text) => framed(Buffer.from(text))));

const written = (text: string) => new Framed(Buffer.concat([Buffer.alloc(5), Buffer.from(text)]));

describe("a batch", () => {
  test("leaves a message that is alone where it is", () => {
    const batch = new Batch();
    const message = written("alone");
    batch.add(message);
    assert.deepEqual([batch.count, batch.bytes], [1, message.bytes.length]);
    assert.equal(batch.take(undefined), message.bytes);
    assert.deepEqual([batch.count, batch.bytes], [0, 0]);
  });

  test("joins messages however they were made, with an ending behind them", () => {
    const batch = new Batch();
    batch.add("text");
    batch.add(written("framed"));
    assert.equal(batch.write(Object("appended"), append), "appended".length);
    batch.keep();
    batch.add(Buffer.from("bytes"));
    const whole = envelopesOf("text", "framed", "appended", "bytes");
    assert.deepEqual([batch.count, batch.bytes], [4, whole.length]);
    assert.deepEqual(batch.take(Buffer.from("ending")), Buffer.concat([whole, Buffer.from("ending")]));
  });

  test("holds messages of any size", () => {
    const sizes = [0, 1, 200, 1_019, 1_024, 5_000, 70_000, 3];
    const texts = sizes.map((size, index) => String(index).repeat(size));
    const batch = new Batch();
    for (const text of texts) {
      batch.write(Object(text), append);
      batch.keep();
    }
    assert.deepEqual(batch.take(undefined), envelopesOf(...texts));
  });

  test("is as it was when a message could not be written, or is not kept", () => {
    const batch = new Batch();
    batch.add(written("one"));
    assert.throws(
      () =>
        batch.write({}, (_value, writer, at) => {
          ensure(writer, at, 4_000).fill(0xff, at, at + 4_000);
          throw new RangeError("no such message");
        }),
      RangeError,
    );
    batch.write(Object("not kept"), append);
    assert.deepEqual(batch.written().bytes, envelopesOf("not kept"));
    batch.write(Object("two"), append);
    batch.keep();
    assert.equal(batch.count, 2);
    assert.deepEqual(batch.take(undefined), envelopesOf("one", "two"));
  });

  test("that was taken while a message was written is not changed by it", () => {
    const batch = new Batch();
    batch.add(written("one"));
    batch.add(written("two"));
    let taken: Uint8Array = Buffer.alloc(0);
    batch.write({}, (_value, writer, at) => {
      taken = batch.take(undefined);
      return append(Object("x".repeat(900)), writer, at);
    });
    assert.deepEqual(taken, envelopesOf("one", "two"));
  });

  test("keeps no buffer that is mostly empty", () => {
    const batch = new Batch();
    batch.add(written("a"));
    batch.write(Object("x".repeat(5_000)), append);
    batch.keep();
    const { buffer, byteLength } = batch.take(undefined);
    assert.ok(2 * byteLength > buffer.byteLength, `${byteLength} of ${buffer.byteLength} bytes`);
  });

  test("tells what its messages are compressed with, until it is taken", () => {
    const batch = new Batch();
    batch.add("plain");
    assert.equal(batch.encoding, undefined);
    batch.add(new Compressed(Buffer.from("packed"), "gzip"));
    assert.equal(batch.encoding, "gzip");
    assert.deepEqual(
      batch.take(undefined),
      Buffer.concat([envelopesOf("plain"), framed(Buffer.from("packed"), 1)]),
    );
    assert.equal(batch.encoding, undefined);
  });
});
