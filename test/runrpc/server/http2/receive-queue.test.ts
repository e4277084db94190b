import assert from "node:assert/strict";
import { it } from "node:test";
import { ReceiveQueue } from "../../../../src/runrpc/server/http2/receive-queue.ts";
import { isCollected } from "../../../collect.ts";

it("a slice of an eighth of its read is held as it is, a smaller one is copied", () => {
  const read = Buffer.allocUnsafeSlow(800).fill("x");
  const first = Buffer.from("first");
  const queue = new ReceiveQueue(first);
  queue.push(read, 0, 100);
  assert.equal(queue.shift(), first);
  assert.equal(queue.shift()?.buffer, read.buffer);
  queue.push(read, 0, 99);
  const copy = queue.shift();
  assert.notEqual(copy?.buffer, read.buffer);
  assert.equal(String(copy), "x".repeat(99));
  assert.equal(queue.shift(), undefined);
});

it("what was given is the reader's alone", async () => {
  const queue = new ReceiveQueue(Buffer.alloc(0));
  queue.shift();
  const push = (): WeakRef<object> => {
    const read = Buffer.allocUnsafeSlow(1_000);
    queue.push(read, 0, 1_000);
    return new WeakRef(read.buffer);
  };
  const first = push();
  const second = push();
  queue.shift();
  assert.equal(await isCollected(first), true);
  assert.equal(await isCollected(second), false);
  assert.equal(queue.shift()?.length, 1_000);
});
