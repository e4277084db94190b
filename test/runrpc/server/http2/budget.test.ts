import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { Budget } from "../../../../src/runrpc/server/http2/budget.ts";
import { ConnectionError, ENHANCE_YOUR_CALM } from "../../../../src/runrpc/server/http2/errors.ts";
import { createFloods, type Flood } from "./floods.ts";
import { data, frame, openPeer, POST, request, TYPE, windowUpdate } from "./peer.ts";
import { countBody, serve } from "./serve.ts";

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("drain", resolve));
}

/** Streams that a connection may have open here: few, so that one more is refused soon. */
const MAX_STREAMS = 4;

/** By the stream's window, which is small here: over the wire it takes a quarter of a megabyte a stream. */
const WINDOW_BYTES = 1_000;
const aboveWindow: Flood = {
  title: "MadeYouReset by more DATA than the window",
  first: Buffer.alloc(0),
  firstId: 1,
  codes: [ENHANCE_YOUR_CALM],
  round: (id) => Buffer.concat([request(id, POST, true), data(id, WINDOW_BYTES + 1)]),
};

describe("a flood ends its connection, and memory stays what it was", () => {
  for (const flood of [...createFloods({ fields: POST, maxStreams: MAX_STREAMS }), aboveWindow]) {
    const { title, first, firstId, round, codes } = flood;
    it(title, async (t) => {
      const { port, errors } = await serve(
        t,
        (stream) => {
          // Those that a flood has opened before stay open.
          if (stream.id >= firstId) countBody(stream);
        },
        {
          maxConcurrentStreams: title === "refused streams" ? MAX_STREAMS : 100,
          streamWindowBytes: flood === aboveWindow ? WINDOW_BYTES : 1_000_000,
        },
      );
      const peer = openPeer(t, port);
      await peer.sync();
      peer.write(first);
      const startedAtMs = performance.now();
      const before = process.memoryUsage.rss();
      let isOver = false;
      const ended = peer.ended().then((goaway) => {
        isOver = true;
        return goaway;
      });
      for (let id = firstId; !isOver; ) {
        const rounds: Buffer[] = [];
        for (let index = 0; index < 200; index++, id += 2) rounds.push(round(id));
        peer.write(...rounds);
        await new Promise((resolve) => setImmediate(resolve));
        // What the client itself holds is not the server's.
        if (peer.socket.writableNeedDrain) await Promise.race([drained(peer.socket), ended]);
        // Less than a second on a machine that does nothing else, which `npm run abuse` measures.
        assert.ok(performance.now() - startedAtMs < 20_000, "the connection goes on");
        assert.ok(id < 400_000, `${id / 2} rounds`);
      }
      assert.ok(codes.includes((await ended)?.code ?? 0));
      const grown = process.memoryUsage.rss() - before;
      assert.ok(grown < 200_000_000, `${grown} bytes`);
      assert.deepEqual(errors, []);
    });
  }
});

it("calls that run to their ends pay for what goes with them", async (t) => {
  const { port } = await serve(t, countBody, { budgetBurst: 20, budgetPerSecond: 1 });
  const peer = openPeer(t, port);
  for (let id = 1; id < 1_000; id += 2) {
    peer.write(
      request(id, POST, true),
      data(id, 5, true),
      windowUpdate(0, 50_000),
      frame(TYPE.PING, 0, 0, Buffer.alloc(8, 1)),
    );
    await peer.body(id);
  }
});

it("a window that grows by less than 256 bytes is a small one", async (t) => {
  const options = { budgetBurst: 20, budgetPerSecond: 0.001 };
  const { port } = await serve(t, () => {}, options);
  const peer = openPeer(t, port);
  await peer.sync();
  peer.write(...Array.from({ length: 100 }, () => windowUpdate(0, 256)));
  await peer.sync();
  peer.write(...Array.from({ length: 100 }, () => windowUpdate(0, 255)));
  assert.equal((await peer.ended())?.code, 11);
});

it("a budget is spent to its end, and comes back with time", (t) => {
  t.mock.timers.enable({ apis: [] });
  let nowMs = 1_000;
  t.mock.method(performance, "now", () => nowMs);
  const budget = new Budget({ budgetBurst: 3, budgetPerSecond: 10 });
  const isOver = (error: unknown): boolean => error instanceof ConnectionError && error.code === 11;
  for (let index = 0; index < 3; index++) budget.spend(1);
  assert.throws(() => budget.spend(1), isOver);
  nowMs += 200; // two more, of which one is owed
  budget.spend(1);
  assert.throws(() => budget.spend(1), isOver);
  nowMs += 60_000; // far more than the burst, which is looked at when nothing is left
  for (let index = 0; index < 4; index++) budget.spend(1);
  assert.throws(() => budget.spend(1), isOver);
  for (let index = 0; index < 100; index++) budget.earn();
  budget.spend(0.5);
  budget.earn(); // a half of it finds no room
  for (let index = 0; index < 3; index++) budget.spend(1);
  assert.throws(() => budget.spend(0.25), isOver);
});
