import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { describe, it } from "node:test";
import { Budget } from "../../../../src/runrpc/server/http2/budget.ts";
import { ConnectionError } from "../../../../src/runrpc/server/http2/errors.ts";
import { data, frame, GET, openPeer, POST, request, reset, settings, TYPE, windowUpdate } from "./peer.ts";
import { countBody, serve } from "./serve.ts";

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("drain", resolve));
}

const EMPTY = Buffer.alloc(0);
const HEADERS_BLOCK = request(1, GET).subarray(9);
const INDEXED = Buffer.concat([
  HEADERS_BLOCK,
  Buffer.from([0x40, 1, 0x61, 0x7f, 0xa1, 0x1e]),
  Buffer.alloc(4_000, "v"),
]);

/** One round of a flood, on streams that nobody has used; `first` is sent before all rounds. */
interface Flood {
  readonly title: string;
  readonly first?: Buffer;
  readonly round: (id: number) => Buffer;
}

const withStream = (round: Buffer): Pick<Flood, "first" | "round"> => ({
  first: request(1, POST, true),
  round: () => round,
});
const opened = (id: number, ...more: readonly Buffer[]): Buffer =>
  Buffer.concat([request(id, POST, true), ...more]);

const floods: readonly Flood[] = [
  { title: "PING", round: () => frame(TYPE.PING, 0, 0, Buffer.alloc(8)) },
  { title: "answers to no PING", round: () => frame(TYPE.PING, 1, 0, Buffer.alloc(8)) },
  { title: "SETTINGS", round: () => settings() },
  {
    title: "SETTINGS with a window for each",
    round: () => settings(...Array.from({ length: 100 }, () => [4, 65_535] as const)),
  },
  { title: "acknowledgements of no SETTINGS", round: () => frame(TYPE.SETTINGS, 1, 0) },
  { title: "PRIORITY", round: (id) => frame(TYPE.PRIORITY, 0, id, Buffer.from([0, 0, 0, 0, 1])) },
  { title: "GOAWAY", round: () => frame(TYPE.GOAWAY, 0, 0, Buffer.alloc(8)) },
  { title: "unknown frames", round: () => frame(0x42, 0, 0) },
  { title: "WINDOW_UPDATE", round: () => windowUpdate(0, 1) },
  { title: "WINDOW_UPDATE of a stream", ...withStream(windowUpdate(1, 1)) },
  { title: "WINDOW_UPDATE of a closed stream", first: opened(1, reset(1)), round: () => windowUpdate(1, 1) },
  { title: "empty DATA", ...withStream(data(1, EMPTY)) },
  { title: "DATA of padding alone", ...withStream(frame(TYPE.DATA, 8, 1, Buffer.from([1, 0]))) },
  {
    title: "empty CONTINUATION",
    round: (id) =>
      Buffer.concat([
        frame(1, 1, id, HEADERS_BLOCK),
        ...Array.from({ length: 10 }, () => frame(9, 0, id)),
        frame(9, 4, id),
      ]),
  },
  {
    title: "CONTINUATION without an end",
    first: frame(1, 1, 1),
    round: () => frame(9, 0, 1, Buffer.from([0x82])),
  },
  { title: "streams that are reset at once", round: (id) => opened(id, reset(id)) },
  { title: "resets of a closed stream", first: opened(1, reset(1)), round: () => reset(1) },
  { title: "MadeYouReset by WINDOW_UPDATE of 0", round: (id) => opened(id, windowUpdate(id, 0)) },
  { title: "MadeYouReset by a window too large", round: (id) => opened(id, windowUpdate(id, 2 ** 31 - 1)) },
  {
    title: "MadeYouReset by DATA behind the end",
    round: (id) => opened(id, data(id, EMPTY, true), data(id, 1)),
  },
  {
    title: "MadeYouReset by HEADERS behind the end",
    round: (id) => Buffer.concat([request(id, GET), request(id, GET)]),
  },
  {
    title: "MadeYouReset by PRIORITY",
    round: (id) =>
      opened(
        id,
        frame(TYPE.PRIORITY, 0, id, Buffer.from([0, 0, 0, id & 0xff, 1])),
        frame(TYPE.PRIORITY, 0, id, EMPTY),
      ),
  },
  {
    title: "MadeYouReset by a body too long",
    round: (id) => Buffer.concat([request(id, [...POST, ["content-length", "0"]], true), data(id, 1)]),
  },
  {
    title: "MadeYouReset by trailers without an end",
    round: (id) => opened(id, request(id, [["x", "1"]], true)),
  },
  { title: "malformed requests", round: (id) => request(id, [["x", "1"]]) },
  {
    title: "requests above the limit of headers",
    round: (id) => request(id, [...GET, ["x", "v".repeat(15_000)], ["y", "v".repeat(1_200)]]),
  },
  {
    title: "refused streams",
    first: Buffer.concat([request(1, POST, true), request(3, POST, true)]),
    round: (id) => request(id + 4, GET),
  },
  {
    title: "HPACK references",
    first: frame(1, 0x5, 1, INDEXED),
    round: (id) => frame(1, 0x5, id + 2, Buffer.concat([HEADERS_BLOCK, Buffer.alloc(30, 0xbe)])),
  },
  {
    title: "HPACK references, far above the limit at once",
    first: frame(1, 0x5, 1, INDEXED),
    round: (id) => frame(1, 0x5, id + 2, Buffer.concat([HEADERS_BLOCK, Buffer.alloc(1_000, 0xbe)])),
  },
  { title: "DATA on closed streams", first: opened(1, windowUpdate(1, 0)), round: () => data(1, 1) },
];

describe("a flood ends its connection with ENHANCE_YOUR_CALM, and memory stays what it was", () => {
  for (const { title, first, round } of floods) {
    it(title, async (t) => {
      const { port, errors } = await serve(
        t,
        (stream) => {
          // Two streams stay open for those that need one.
          if (stream.id > 3) countBody(stream);
        },
        { maxConcurrentStreams: title === "refused streams" ? 2 : 100, streamWindowBytes: 1_000_000 },
      );
      const peer = openPeer(t, port);
      await peer.sync();
      if (first !== undefined) peer.write(first);
      const startedAtMs = performance.now();
      const before = process.memoryUsage.rss();
      let isOver = false;
      const ended = peer.ended().then((goaway) => {
        isOver = true;
        return goaway;
      });
      for (let id = 1; !isOver; ) {
        const rounds: Buffer[] = [];
        for (let index = 0; index < 200; index++, id += 2)
          rounds.push(round(id + (title.startsWith("HPACK") ? 0 : 4)));
        peer.write(...rounds);
        await new Promise((resolve) => setImmediate(resolve));
        // What the client itself holds is not the server's.
        if (peer.socket.writableNeedDrain) await Promise.race([drained(peer.socket), ended]);
        // Less than a second on a machine that does nothing else, which `npm run abuse` measures.
        assert.ok(performance.now() - startedAtMs < 20_000, "the connection goes on");
        assert.ok(id < 400_000, `${id / 2} rounds`);
      }
      assert.equal((await ended)?.code, 11);
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
  for (let index = 0; index < 3; index++) budget.spend(1);
  assert.throws(() => budget.spend(1), isOver);
});
