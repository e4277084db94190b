import assert from "node:assert/strict";
import { once } from "node:events";
import { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import { test } from "node:test";
import { discard } from "../../../../src/runrpc/server/listener/discard.ts";

const BOUND = 512 * 1024;

/** A request whose body comes as the test says. */
function incoming() {
  const request = new IncomingMessage(new Socket());
  return {
    request,
    async receive(bytes: number): Promise<void> {
      const read = once(request, "data");
      request.push(Buffer.alloc(bytes));
      await read;
    },
  };
}

test("of a body that nobody wants 512 KiB are read, and not a byte more is asked for", async () => {
  const { request, receive } = incoming();
  discard(request);
  await receive(BOUND - 1);
  assert.equal(request.isPaused(), false);
  await receive(1);
  assert.equal(request.isPaused(), true);
});

test("a second call asks for no more", async () => {
  const { request, receive } = incoming();
  discard(request);
  await receive(BOUND - 1);
  discard(request);
  await receive(1);
  assert.equal(request.isPaused(), true);
  discard(request);
  assert.equal(request.isPaused(), true);
});

test("whoever waited for the body hears no more of it", async () => {
  const { request, receive } = incoming();
  let heard = 0;
  request.on("readable", () => heard++).on("data", () => heard++);
  discard(request);
  await receive(BOUND);
  assert.equal(heard, 0);
  assert.equal(request.isPaused(), true);
});
