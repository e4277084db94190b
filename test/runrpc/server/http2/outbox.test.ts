import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { it, type TestContext } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createBufferPool, POOLED_BYTES } from "../../../../src/runrpc/server/http2/buffer-pool.ts";
import { Outbox } from "../../../../src/runrpc/server/http2/outbox.ts";

async function pair(t: TestContext): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer({ noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo; // it listens on a port
  const far = connect({ port, host: "127.0.0.1", noDelay: true });
  const [near]: Socket[] = await once(server, "connection");
  t.after(() => {
    far.destroy();
    near?.destroy();
    server.close();
  });
  if (near === undefined) assert.fail();
  return { near, far };
}

async function read(socket: Socket, bytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    parts.push(chunk);
    length += chunk.length;
    if (length >= bytes) break;
  }
  return Buffer.concat(parts);
}

it("a socket that says that it holds nothing has no need of the buffer that it was given", async (t) => {
  const { near, far } = await pair(t);
  const sent: string[] = [];
  let reused = 0;
  const buffer = Buffer.alloc(1_000);
  for (let index = 0; index < 200; index++) {
    const letter = String.fromCharCode(65 + (index % 26));
    buffer.fill(letter);
    // In one piece, and in two that leave together.
    if (index % 2 === 0) near.write(buffer);
    else {
      near.cork();
      near.write(buffer.subarray(0, 500));
      near.write(buffer.subarray(500));
      near.uncork();
    }
    sent.push(letter.repeat(1_000));
    // What the pool rests on: the kernel has it all, and the buffer may be written into at once.
    if (near.writableLength === 0) reused++;
    else await once(near, "drain");
  }
  assert.ok(reused > 100, `${reused} of 200`);
  assert.equal(String(await read(far, 200_000)), sent.join(""));
});

it("frames of one turn leave in one write, from a buffer that comes back", async (t) => {
  const { near, far } = await pair(t);
  const taken: Buffer[] = [];
  const given: Buffer[] = [];
  const pool = createBufferPool();
  const outbox = new Outbox(near, {
    take() {
      const buffer = pool.take();
      taken.push(buffer);
      return buffer;
    },
    give(buffer) {
      given.push(buffer);
      pool.give(buffer);
    },
  });
  let writes = 0;
  const write = near.write;
  t.mock.method(near, "write", function (this: Socket, ...args: Parameters<typeof write>) {
    writes++;
    return write.apply(this, args);
  });
  for (let turn = 1; turn <= 3; turn++) {
    for (let index = 0; index < 10; index++) outbox.frame(6, 0, 0, 8);
    assert.equal(writes, turn - 1);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(writes, turn);
  }
  assert.equal(new Set(taken).size, 1);
  assert.equal(given.length, 3);
  assert.equal((await read(far, 510)).length, 510);
});

it("more than 64 KiB of one turn do not wait for its end", async (t) => {
  const { near, far } = await pair(t);
  const outbox = new Outbox(near, createBufferPool());
  const heard = read(far, 80_000 + 10 * 9);
  for (let index = 0; index < 8; index++) outbox.data(2 * index + 1, Buffer.alloc(8_000), false, 16_384);
  assert.equal(near.bytesWritten, 0);
  outbox.data(17, Buffer.alloc(8_000), false, 16_384);
  assert.ok(near.bytesWritten > 65_536, `${near.bytesWritten} bytes`);
  outbox.data(19, Buffer.alloc(8_000), false, 16_384);
  assert.equal((await heard).length, 80_090);
});

it("each buffer that a turn has filled comes back, and one that TLS has taken when it says so", async (t) => {
  for (const isEncrypted of [false, true]) {
    const { near, far } = await pair(t);
    if (isEncrypted) Object.assign(near, { encrypted: true }); // as a TLSSocket says it
    const given = new Set<Buffer>();
    const pool = createBufferPool();
    const outbox = new Outbox(near, { take: () => pool.take(), give: (buffer) => given.add(buffer) });
    outbox.frame(6, 0, 0, 8);
    outbox.flush();
    assert.equal(given.size, isEncrypted ? 0 : 1);
    await read(far, 17);
    for (let waits = 0; given.size < 1 && waits < 10_000; waits++) await delay(1);
    assert.equal(given.size, 1);
    if (isEncrypted) continue; // several pieces are left to the garbage collector
    for (let index = 0; index < 6; index++) outbox.data(2 * index + 1, Buffer.alloc(8_000), false, 16_384);
    outbox.flush();
    assert.equal(given.size, 3);
  }
});

it("what is larger than a buffer is written all the same, and its buffer is not kept", async (t) => {
  const { near, far } = await pair(t);
  const pool = createBufferPool();
  const outbox = new Outbox(near, pool);
  outbox.frame(6, 0, 0, 8);
  const out = outbox.room(POOLED_BYTES + 1);
  out.fill("x");
  outbox.advance(outbox.at + POOLED_BYTES + 1);
  outbox.frame(6, 0, 0, 8);
  outbox.flush();
  outbox.flush();
  const bytes = await read(far, POOLED_BYTES + 35);
  assert.equal(bytes.length, POOLED_BYTES + 35);
  assert.equal(bytes.toString("latin1", 17, 17 + POOLED_BYTES + 1), "x".repeat(POOLED_BYTES + 1));
});

it("what is made for a connection that is gone is dropped, and its buffer comes back", async (t) => {
  const { near } = await pair(t);
  const pool = createBufferPool();
  const outbox = new Outbox(near, pool);
  outbox.isClosed = true;
  outbox.data(1, Buffer.alloc(20_000), false, 16_384);
  outbox.frame(6, 0, 0, 8);
  outbox.flush();
  assert.equal(near.bytesWritten, 0);
});

it("the pool keeps a bounded number of buffers, of its own size alone", () => {
  const pool = createBufferPool();
  const odd = Buffer.alloc(10);
  pool.give(odd);
  assert.notEqual(pool.take(), odd);
  const all = Array.from({ length: 70 }, () => pool.take());
  for (const buffer of all) pool.give(buffer);
  const again = new Set(Array.from({ length: 70 }, () => pool.take()));
  assert.equal(all.filter((buffer) => again.has(buffer)).length, 64);
});
