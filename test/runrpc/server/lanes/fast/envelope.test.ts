import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  byteLengthOf,
  EnvelopeReader,
  envelope,
  enveloped,
} from "../../../../../src/runrpc/server/lanes/fast/envelope.ts";
import { bareOf, Framed } from "../../../../../src/runrpc/server/lanes/fast/framed.ts";
import { framed } from "./serve.ts";

/** Numbers that look random and are the same in each run (a linear congruential generator). */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function readAll(chunks: readonly Buffer[], maxBytes = 1_000_000): string[] {
  const reader = new EnvelopeReader(maxBytes, false);
  const messages: string[] = [];
  for (const chunk of chunks) {
    reader.push(chunk);
    for (let next = reader.next(); next !== undefined; next = reader.next()) messages.push(next.toString());
  }
  reader.finish();
  return messages;
}

function code(expected: Code) {
  return (reason: unknown) => reason instanceof ConnectError && reason.code === expected;
}

describe("EnvelopeReader", () => {
  test("gives the same messages however the body is cut into chunks", () => {
    const pick = numbers(7);
    for (let round = 0; round < 300; round++) {
      const messages = Array.from({ length: pick(6) }, () => "x".repeat(pick(40)));
      const body = Buffer.concat(messages.map((message) => framed(Buffer.from(message))));
      const chunks: Buffer[] = [];
      for (let at = 0; at < body.length; ) {
        const size = 1 + pick(12);
        chunks.push(body.subarray(at, at + size));
        at += size;
      }
      assert.deepEqual(readAll(chunks), messages);
    }
  });

  test("does not copy a message that lies within one chunk", () => {
    const chunk = framed(Buffer.from("hello"));
    const reader = new EnvelopeReader(100, false);
    reader.push(chunk);
    assert.equal(reader.next()?.buffer, chunk.buffer);
  });

  test("refuses flags that a request does not have, those that end a server's stream among them", () => {
    for (const flags of [0x02, 0x03, 0x80, 0x81, 0x40])
      assert.throws(
        () => readAll([framed(Buffer.from("a")), framed(Buffer.from("x"), flags)], 100),
        code(Code.InvalidArgument),
      );
  });

  test("refuses a message above the limit before it has been sent", () => {
    const reader = new EnvelopeReader(10, false);
    reader.push(framed(Buffer.alloc(0), 0, 11));
    assert.throws(() => reader.next(), code(Code.ResourceExhausted));
  });

  test("refuses a compressed message, as no compression was named", () => {
    assert.throws(() => readAll([framed(Buffer.from("x"), 1)]), code(Code.Internal));
  });

  test("refuses a body that ends within an envelope", () => {
    assert.throws(() => readAll([Buffer.from([0, 0])]), code(Code.InvalidArgument));
    assert.throws(() => readAll([framed(Buffer.from("x"), 0, 2)]), code(Code.InvalidArgument));
  });
});

test("a message in its envelope has its ending behind it", () => {
  const ending = envelope(2, "{}");
  for (const message of [Buffer.from("ab"), "ü"])
    assert.deepEqual(
      enveloped(message, ending),
      Buffer.concat([framed(Buffer.from(message)), framed(Buffer.from("{}"), 2)]),
    );
});

describe("framed messages", () => {
  /** As a codec writes it: behind room for a head, with whatever was there before. */
  const framedOf = (text: string) => new Framed(Buffer.concat([Buffer.alloc(5, 0xaa), Buffer.from(text)]));

  test("alone leave as they are, uncopied", () => {
    const message = framedOf("one");
    assert.equal(enveloped(message, undefined), message.bytes);
    assert.deepEqual(message.bytes, framed(Buffer.from("one")));
  });

  test("leave in one piece with an ending", () => {
    const ending = Buffer.from("ending");
    assert.deepEqual(enveloped(framedOf("one"), ending), Buffer.concat([framed(Buffer.from("one")), ending]));
  });

  test("are counted without their heads, and give their messages alone", () => {
    assert.equal(byteLengthOf(framedOf("three")), 5);
    assert.deepEqual(bareOf(framedOf("three")), Buffer.from("three"));
    assert.equal(bareOf("text"), "text");
  });
});
