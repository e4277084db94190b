import assert from "node:assert/strict";
import { it } from "node:test";
import { ConnectionError } from "../../../../src/runrpc/server/http2/errors.ts";
import { FrameReader, type FrameSink } from "../../../../src/runrpc/server/http2/frame-reader.ts";
import { createRandom } from "../lanes/differential/random.ts";
import { data, frame, PREFACE } from "./peer.ts";

/** What a reader has told, DATA joined however it came. */
function sink(): FrameSink & { readonly told: string[]; isOver: boolean } {
  const told: string[] = [];
  let parts = "";
  return {
    told,
    isOver: false,
    frame(type, flags, id, bytes, at, size) {
      told.push(`${type} ${flags} ${id} ${bytes.toString("latin1", at, at + size)}`);
    },
    dataBegins(flags, id, size) {
      parts = `0 ${flags} ${id} `;
      assert.ok(size > 0);
    },
    dataPart(bytes, start, end, isLast) {
      parts += bytes.toString("latin1", start, end);
      if (isLast) told.push(parts);
    },
  };
}

const FRAMES = [
  frame(4, 0, 0),
  frame(1, 5, 1, Buffer.from("block")),
  data(1, "hello", true),
  frame(0, 8, 3, Buffer.from([1, 65, 0])),
  frame(6, 0, 0, Buffer.from("12345678")),
  data(3, 300),
  data(3, 0),
  frame(0x77, 0xff, 2 ** 31 - 1, Buffer.from("?")),
];
const BYTES = Buffer.concat([PREFACE, ...FRAMES]);
const EXPECTED = FRAMES.map(
  (bytes) => `${bytes[3]} ${bytes[4]} ${bytes.readUInt32BE(5)} ${bytes.toString("latin1", 9)}`,
);

it("frames are the same however the reads cut them, one byte at a time too", () => {
  const random = createRandom(7);
  for (let most = 1; most < 400; most += most < 20 ? 1 : 37) {
    const into = sink();
    const reader = new FrameReader(into);
    for (let at = 0; at < BYTES.length; ) {
      const end = Math.min(BYTES.length, at + 1 + random.below(most));
      reader.read(BYTES.subarray(at, end));
      at = end;
    }
    assert.deepEqual(into.told, EXPECTED, `reads of up to ${most} bytes`);
    assert.equal(reader.isWithinFrame, false);
  }
});

it("whether a frame is cut off is told, DATA apart", () => {
  const reader = new FrameReader(sink());
  reader.read(PREFACE);
  for (const [bytes, isWithin] of [
    [frame(1, 5, 1, Buffer.from("block")).subarray(0, 8), true],
    [frame(1, 5, 1, Buffer.from("block")).subarray(8, 12), true],
    [frame(1, 5, 1, Buffer.from("block")).subarray(12), false],
    [data(1, 100).subarray(0, 50), false],
    [data(1, 100).subarray(50), false],
  ] as const) {
    reader.read(bytes);
    assert.equal(reader.isWithinFrame, isWithin);
  }
});

it("a connection that is over is read no further", () => {
  const into = sink();
  const reader = new FrameReader(into);
  into.isOver = true;
  reader.read(BYTES);
  assert.deepEqual(into.told, []);
});

for (const cut of [9, 4, 8]) {
  it(`a frame above the greatest size is refused by its head, cut after ${cut} bytes`, () => {
    const head = frame(0, 0, 1);
    head.writeUIntBE(16_385, 0, 3);
    const reader = new FrameReader(sink());
    reader.read(PREFACE);
    assert.throws(
      () => {
        reader.read(head.subarray(0, cut));
        reader.read(head.subarray(cut));
      },
      (error) => error instanceof ConnectionError && error.code === 6,
    );
  });
}

it("the greatest frame is taken", () => {
  const into = sink();
  const reader = new FrameReader(into);
  reader.read(Buffer.concat([PREFACE, frame(1, 0, 1, Buffer.alloc(16_384, "x"))]));
  assert.equal(into.told.length, 1);
});
