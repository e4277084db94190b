import assert from "node:assert/strict";
import { test } from "node:test";
import {
  createFrameReader,
  encodeFrame,
} from "../../../../../src/runrpc/data/sqlite/shared-writer/frames.ts";

const cycle: unknown[] = [1];
cycle.push(cycle);

const views = [
  new Uint8Array([1, 2, 255]),
  new Int8Array([-1]),
  new Uint8ClampedArray([7]),
  new Int16Array([-300]),
  new Uint16Array([300]),
  new Int32Array([-70_000]),
  new Uint32Array([70_000]),
  new Float32Array([0.5]),
  new Float64Array([Math.PI]),
  new BigInt64Array([-1n]),
  new BigUint64Array([2n ** 63n]),
  new DataView(new ArrayBuffer(3)),
];

const values: unknown[] = [
  ...[
    undefined,
    null,
    true,
    "",
    "a",
    "ü",
    "漢字",
    0,
    -0,
    Number.NaN,
    1.5,
    2 ** 40,
    -1,
    Number.NEGATIVE_INFINITY,
  ],
  ...[123456789012345678901234567890n, -1n, new Date(0), new Date(Number.NaN), /a+/gi, new Error("no")],
  ...[
    new Map<unknown, unknown>([["a", new Set([1])]]),
    new Array(2).fill(1, 1),
    { a: undefined, b: { c: [] } },
    cycle,
  ],
  ...[new ArrayBuffer(4), ...views, { same: views[0], again: views[0] }, new Uint8Array(0)],
];

/** What comes out of a reader that is given bytes in pieces. */
function readAll(bytes: Buffer, pieceBytes: number, maxBytes = 1e6): (readonly unknown[])[] {
  const reader = createFrameReader(maxBytes);
  const messages: (readonly unknown[])[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    messages.push(...reader.read(bytes.subarray(at, at + pieceBytes)));
  assert.equal(reader.isWithin, false);
  return messages;
}

test("a value arrives as it does in a thread", () => {
  const [message] = readAll(encodeFrame(values), 1e6);
  assert.deepStrictEqual(message, structuredClone(values));
});

test("bytes arrive as Uint8Array with memory of their own, a Buffer as well, and nothing besides what they show", () => {
  const secret = Buffer.from("secret-shown-secret");
  const frame = encodeFrame([
    secret.subarray(7, 12),
    new Uint8Array(secret.buffer, secret.byteOffset + 7, 5),
  ]);
  assert.equal(frame.includes("secret"), false);
  const [message] = readAll(frame, 1e6);
  for (const item of message ?? []) {
    assert.ok(item instanceof Uint8Array && !Buffer.isBuffer(item));
    assert.deepEqual([Buffer.from(item).toString(), item.buffer.byteLength], ["shown", 5]);
  }
});

test("frames are found wherever the bytes are cut", () => {
  const messages = [["first"], [2, "x".repeat(300)], [], [new Uint8Array(70)]];
  const bytes = Buffer.concat(messages.map(encodeFrame));
  for (const pieceBytes of [1, 2, 3, 4, 5, 7, 64, bytes.length])
    assert.deepStrictEqual(readAll(bytes, pieceBytes), messages, `${pieceBytes} bytes a piece`);
});

test("a frame of the greatest length is read, a larger one is refused by its length alone", () => {
  const frame = encodeFrame(["x".repeat(100)]);
  const length = frame.length - 4;
  assert.equal(readAll(frame, 10, length).length, 1);
  const sentence = new RegExp(`a frame of ${length} bytes is above the maximum of ${length - 1}`);
  assert.throws(() => createFrameReader(length - 1).read(frame.subarray(0, 4)), sentence);
});

test("a part of a frame is none", () => {
  const reader = createFrameReader(1_000);
  assert.deepEqual(reader.read(encodeFrame(["whole"]).subarray(0, -1)), []);
  assert.equal(reader.isWithin, true);
});

test("what is no frame is refused", () => {
  const framed = (...bytes: number[]) => Buffer.from([0, 0, 0, bytes.length, ...bytes]);
  for (const garbage of [framed(), framed(1, 2, 3), framed(255, 15), framed(255, 15, 0x22, 200, 97)])
    assert.throws(() => createFrameReader(1_000).read(garbage), `${garbage.toString("hex")}`);
  const object = encodeFrame([{}]);
  assert.throws(() => createFrameReader(1_000).read(framed(255, 15, 0x6f, 0x7b, 0)), /holds no message/);
  assert.ok(object.length > 0);
});

test("what cannot be cloned cannot be sent", () => {
  for (const value of [() => 1, Symbol("a"), new WeakMap(), Promise.resolve(), new MessageChannel().port1])
    assert.throws(() => encodeFrame([value]));
});
