import assert from "node:assert/strict";
import { it } from "node:test";
import { createRing, RING_BYTES } from "../../../src/runrpc/threads/ring.ts";

/** What batches may take in memory, and what each takes besides its own bytes. */
const BYTES = 262_144;
const HEAD_BYTES = 8;

/** One side writes and the other one reads the same memory. */
function create() {
  const memory = new SharedArrayBuffer(RING_BYTES);
  const [writer, reader] = [createRing(memory, 0), createRing(memory, 0)];
  let written = 0;
  let read = 0;
  const bytesOf = (number: number, size: number) => new Uint8Array(size - HEAD_BYTES).fill(number + 1);
  return {
    reader,
    /** A batch that takes so much of the memory, all told. */
    write(size: number): boolean {
      const hasRoom = writer.write(written, bytesOf(written, size));
      if (hasRoom) written++;
      return hasRoom;
    },
    read(size: number): void {
      assert.deepEqual(reader.read(read), bytesOf(read, size));
      read++;
    },
  };
}

it("batches take exactly the memory there is, and no byte more, wherever they begin", () => {
  for (const before of [0, 8, 1_000, BYTES / 2, BYTES - 8]) {
    const { reader, write, read } = create();
    if (before > 0) {
      assert.ok(write(before));
      read(before);
    }
    const toEnd = BYTES - before;
    assert.ok(write(toEnd), "up to the end of the memory");
    if (before > 0) {
      assert.ok(!write(before + 8));
      assert.ok(write(before), "from its beginning to where the first one was");
    }
    assert.ok(!write(HEAD_BYTES));
    read(toEnd);
    if (before > 0) read(before);
    assert.ok(reader.isEmpty);
  }
});

it("one that does not fit before the end begins anew, where what is skipped leaves room for it", () => {
  const { reader, write, read } = create();
  // 800 bytes before the end are left, and 400 at the beginning once the first one is read.
  assert.ok(write(400) && write(BYTES - 1_200));
  read(400);
  assert.ok(!write(808), "it would lie over one that is not read yet");
  read(BYTES - 1_200);
  assert.ok(write(1_600));
  assert.ok(!write(BYTES - 800 - 1_600 + 8));
  assert.ok(write(BYTES - 800 - 1_600));
  assert.ok(!write(HEAD_BYTES));
  read(1_600);
  read(BYTES - 800 - 1_600);
  assert.ok(reader.isEmpty);
});

it("a batch is read by its number alone, once", () => {
  const { reader, write, read } = create();
  assert.equal(reader.read(0), undefined);
  assert.ok(write(64));
  assert.equal(reader.read(1), undefined);
  read(64);
  assert.equal(reader.read(0), undefined);
});
