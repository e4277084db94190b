import assert from "node:assert/strict";
import { once } from "node:events";
import { it } from "node:test";
import type { Stream } from "../../../../src/runrpc/server/http2/stream.ts";
import { collect } from "../../../collect.ts";
import {
  data,
  frame,
  GET,
  HANDSHAKE,
  openPeer,
  type Peer,
  POST,
  PREFACE,
  request,
  reset,
  SETTINGS_ACK,
  settings,
  TYPE,
  windowUpdate,
} from "./peer.ts";
import { countBody, listenTo, serve } from "./serve.ts";

function dataOf(peer: Peer, id: number): number[] {
  return peer.frames
    .filter((found) => found.type === TYPE.DATA && found.id === id)
    .map(({ payload }) => payload.length);
}

/** What buffers hold when nothing is left to collect: they are swept behind the collection that finds them. */
async function heldBytes(): Promise<number> {
  for (let index = 0; index < 4; index++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage().arrayBuffers;
}

function total(sizes: readonly number[]): number {
  return sizes.reduce((sum, size) => sum + size, 0);
}

it("a response goes out as far as both windows let it, and goes on when they grow", async (t) => {
  const { port } = await serve(t, (stream) => {
    stream.respond(200, {});
    stream.end(Buffer.alloc(100_000, "b"), { "x-end": "1" });
  });
  const peer = openPeer(t, port, [PREFACE, settings([4, 20_000]), SETTINGS_ACK]);
  peer.write(request(1, GET));
  await peer.sync();
  assert.deepEqual(dataOf(peer, 1), [16_384, 3_616]);
  peer.write(windowUpdate(1, 1));
  await peer.sync();
  assert.deepEqual(dataOf(peer, 1).slice(2), [1]);
  peer.write(windowUpdate(1, 100_000)); // the connection's window holds it up
  await peer.sync();
  assert.equal(total(dataOf(peer, 1)), 65_535);
  peer.write(windowUpdate(0, 34_464));
  await peer.sync();
  assert.deepEqual(dataOf(peer, 1).slice(-3), [16_384, 16_384, 1_696]);
  peer.write(windowUpdate(0, 1));
  assert.deepEqual(await peer.headers(1), { "x-end": "1" });
  assert.equal((await peer.body(1)).length, 100_000);
});

it("SETTINGS can take a window below nothing, and give it back", async (t) => {
  const { port } = await serve(t, (stream) => {
    stream.respond(200, {});
    stream.write(Buffer.alloc(1_000));
    stream.end(Buffer.alloc(100));
  });
  const peer = openPeer(t, port, [PREFACE, settings([4, 1_050]), SETTINGS_ACK]);
  peer.write(request(1, GET));
  await peer.sync();
  assert.deepEqual(dataOf(peer, 1), [1_050]);
  peer.write(settings([4, 10]), windowUpdate(1, 1_040));
  await peer.sync();
  assert.deepEqual(dataOf(peer, 1), [1_050]);
  peer.write(settings([4, 20]));
  await peer.sync();
  peer.write(settings([4, 100]));
  assert.equal((await peer.body(1)).length, 1_100);
  assert.deepEqual(dataOf(peer, 1), [1_050, 10, 40]);
});

it("an empty end leaves without a window, and so does a response without a body", async (t) => {
  const { port } = await serve(t, (stream) => {
    stream.respond(200, {});
    stream.write(Buffer.alloc(0));
    stream.end();
  });
  const peer = openPeer(t, port, [PREFACE, settings([4, 0]), SETTINGS_ACK]);
  peer.write(request(1, GET));
  assert.equal((await peer.body(1)).length, 0);
  assert.deepEqual(dataOf(peer, 1), [0]);
});

it("what is written in one turn leaves in one DATA frame, up to a frame's size", async (t) => {
  const { port } = await serve(t, (stream) => {
    stream.respond(200, {});
    for (let index = 0; index < 5; index++) stream.write(Buffer.alloc(4_000, String(index)));
    stream.end(Buffer.alloc(9_000, "x")); // too large to be copied
  });
  const peer = openPeer(t, port);
  peer.write(request(1, GET));
  const body = await peer.body(1);
  assert.deepEqual(dataOf(peer, 1), [16_000, 4_000, 9_000]);
  assert.equal(
    body.toString("latin1"),
    `${"01234".replace(/./g, (c) => c.repeat(4_000))}${"x".repeat(9_000)}`,
  );
});

it("bytes that fill a frame to its last one leave in it, and 8 KiB are copied into it", async (t) => {
  const { port } = await serve(t, (stream) => {
    stream.respond(200, {});
    stream.write(Buffer.alloc(8_192));
    stream.write(Buffer.alloc(8_192));
    stream.write(Buffer.alloc(1));
    stream.end();
  });
  const peer = openPeer(t, port);
  peer.write(request(1, GET));
  await peer.body(1);
  assert.deepEqual(dataOf(peer, 1), [16_384, 1]);
});

it("windows and frames may be as large as RFC 9113 lets them be, and a window no larger by a byte", async (t) => {
  const { port } = await serve(t, (stream) => {
    if (stream.id > 1) countBody(stream);
  });
  const widest = 2 ** 31 - 1;
  const peer = openPeer(t, port);
  peer.write(settings([5, 16_384]), settings([5, 16_777_215]));
  peer.write(request(1, POST, true), windowUpdate(1, widest - 65_535), windowUpdate(0, widest - 65_535));
  await peer.sync();
  peer.write(windowUpdate(1, 1));
  assert.equal((await peer.next(TYPE.RST_STREAM, 1)).payload.readUInt32BE(0), 3);
  peer.write(settings([4, widest]), request(3, GET));
  await peer.body(3);
  // What was sent has made room for as much, and for no more.
  peer.write(windowUpdate(0, 1));
  await peer.sync();
  peer.write(windowUpdate(0, 1));
  assert.equal((await peer.ended())?.code, 3);
});

it("large responses share the connection, frame by frame", async (t) => {
  const { port } = await serve(t, (stream) => {
    stream.respond(200, {});
    stream.end(Buffer.alloc(500_000));
  });
  const peer = openPeer(t, port, [PREFACE, settings([4, 1_000_000]), SETTINGS_ACK]);
  peer.write(request(1, GET), request(3, GET), request(5, GET));
  await peer.sync();
  peer.write(windowUpdate(0, 600_000));
  while (total([1, 3, 5].flatMap((id) => dataOf(peer, id))) < 665_535) await peer.next(TYPE.DATA);
  const sent = [1, 3, 5].map((id) => total(dataOf(peer, id)));
  assert.equal(total(sent), 665_535);
  // The first had the default window to itself.
  assert.ok(Math.max(...sent) - Math.min(...sent) <= 65_535 + 16_384, `${sent}`);
  const later = peer.frames.filter(({ type }) => type === TYPE.DATA).slice(6, 30);
  for (let index = 3; index < later.length; index++) assert.equal(later[index]?.id, later[index - 3]?.id);
});

it("a small response does not wait for the large ones", async (t) => {
  const { port } = await serve(t, (stream) => {
    stream.respond(200, {});
    stream.end(Buffer.alloc(stream.id === 1 ? 10_000_000 : 10));
  });
  const peer = openPeer(t, port, [
    PREFACE,
    settings([4, 20_000_000]),
    SETTINGS_ACK,
    windowUpdate(0, 20_000_000),
  ]);
  peer.write(request(1, GET));
  await peer.next(TYPE.DATA, 1);
  peer.write(request(3, GET));
  await peer.body(3);
  assert.ok(total(dataOf(peer, 1)) < 10_000_000);
  await peer.body(1);
});

it("write says when to wait and drained when to go on, for the window and for the socket", async (t) => {
  const told: string[] = [];
  const { port } = await serve(t, (stream) => {
    let left = 100;
    const more = (): void => {
      while (left-- > 0) {
        if (stream.write(Buffer.alloc(10_000))) continue;
        told.push("wait");
        return;
      }
      told.push("end");
      stream.end();
    };
    stream.handler = { data() {}, ended() {}, closed() {}, drained: more, finished() {} };
    stream.respond(200, {});
    more();
  });
  const peer = openPeer(t, port);
  peer.write(request(1, GET));
  await peer.sync();
  assert.deepEqual(told, ["wait"]);
  peer.write(windowUpdate(1, 10_000_000), windowUpdate(0, 10_000_000));
  assert.equal((await peer.body(1)).length, 1_000_000);
  assert.equal(told.at(-1), "end");
});

it("a handler that always has more lets the event loop go round", async (t) => {
  let turns = 0;
  let isOver = false;
  const { port } = await serve(t, (stream) => {
    const count = (): void => {
      turns++;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const more = (): void => {
      while (stream.write(Buffer.alloc(1_000)));
    };
    stream.handler = { data() {}, ended() {}, closed() {}, drained: more, finished() {} };
    stream.respond(200, {});
    more();
  });
  const peer = openPeer(t, port, [
    PREFACE,
    settings([4, 2 ** 31 - 1]),
    SETTINGS_ACK,
    windowUpdate(0, 2 ** 31 - 1 - 65_535),
  ]);
  peer.write(request(1, GET));
  while (total(dataOf(peer, 1)) < 5_000_000) await peer.next(TYPE.DATA);
  isOver = true;
  peer.write(reset(1));
  await peer.sync();
  assert.ok(turns > 30, `${turns} turns`);
});

it("a peer that does not read holds up what is written, and all of it comes when it reads", async (t) => {
  let stream: Stream | undefined;
  let written = 0;
  const { port, sockets } = await serve(t, (opened) => {
    stream = opened;
    const more = (): void => {
      while (written < 50_000_000) {
        written += 100_000;
        if (!opened.write(Buffer.alloc(100_000))) return;
      }
      opened.end();
    };
    opened.handler = { data() {}, ended() {}, closed() {}, drained: more, finished() {} };
    opened.respond(200, {});
    more();
  });
  const peer = openPeer(t, port, [
    PREFACE,
    settings([4, 2 ** 31 - 1]),
    SETTINGS_ACK,
    windowUpdate(0, 2 ** 31 - 1 - 65_535),
  ]);
  peer.write(request(1, GET));
  await peer.next(TYPE.DATA, 1);
  peer.socket.pause();
  // The kernel's buffers fill up; what we hold beside them stays small.
  for (let last = -1; last !== written; ) {
    last = written;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(written < 50_000_000, `${written} bytes were written to a peer that does not read`);
  assert.ok((sockets[0]?.writableLength ?? 0) < 300_000);
  assert.ok((stream?.queuedBytes ?? 0) <= 100_000);
  peer.socket.resume();
  assert.equal((await peer.body(1)).length, 50_000_000);
});

it("acknowledgements that nobody takes stop the reading, not the growing of memory alone", async (t) => {
  const { port, sockets } = await serve(t, countBody, { budgetBurst: Number.POSITIVE_INFINITY });
  const peer = openPeer(t, port);
  await peer.sync();
  peer.socket.pause();
  const pings = Buffer.concat(
    Array.from({ length: 1_000 }, () => Buffer.from("000008060000000000" + "0102030405060708", "hex")),
  );
  // Far more than the kernel takes for a peer that does not read.
  for (let sent = 0; sent < 10_000_000; sent += pings.length) peer.socket.write(pings);
  for (let last = -1; last !== sockets[0]?.bytesRead; ) {
    last = sockets[0]?.bytesRead ?? 0;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok((sockets[0]?.bytesRead ?? 0) < 10_000_000, "all was read");
  const [socket] = sockets;
  if (socket === undefined) assert.fail();
  assert.ok(socket.writableLength < 500_000, `${socket.writableLength} bytes wait`);
  peer.socket.resume();
  await once(socket, "data");
});

it("the windows are given back as bytes are taken, and not before", async (t) => {
  const streams: Stream[] = [];
  const { port } = await serve(t, (stream) => streams.push(stream), {
    streamWindowBytes: 30_000,
    connectionWindowBytes: 100_000,
  });
  const peer = openPeer(t, port);
  const updates = (id: number): number[] =>
    peer.frames
      .filter((found) => found.type === TYPE.WINDOW_UPDATE && found.id === id)
      .map(({ payload }) => payload.readUInt32BE(0));
  peer.write(
    request(1, POST, true),
    data(1, 15_000),
    data(1, 15_000),
    request(3, POST, true),
    data(3, 14_999),
  );
  await peer.sync();
  assert.deepEqual(updates(0), [64_465]);
  assert.deepEqual(updates(1), []);
  const [first, second] = streams;
  if (first === undefined || second === undefined) assert.fail();
  const heard = listenTo(first);
  listenTo(second);
  await peer.sync();
  assert.deepEqual(heard.events, [15_000, 15_000]);
  assert.deepEqual(updates(1), [15_000, 15_000]);
  assert.deepEqual(updates(3), []);
  peer.write(data(3, 1));
  await peer.sync();
  assert.deepEqual(updates(3), [15_000]);
  peer.write(data(1, 6_000), data(3, 1, true));
  await peer.sync();
  assert.deepEqual(updates(0), [64_465]);
});

it("an upload that nobody reads is held within its window, and costs a few times that at most", async (t) => {
  const streams: Stream[] = [];
  const { port } = await serve(t, (stream) => streams.push(stream), { streamWindowBytes: 100_000 });
  const peer = openPeer(t, port);
  peer.write(request(1, POST, true));
  await peer.sync();
  const before = await heldBytes();
  // One byte of the upload in each packet, among 16 KiB that nobody needs: unknown frames.
  const packet = Buffer.concat([data(1, 1), ...Array.from({ length: 4 }, () => data(0x7777, 0))]).subarray(
    0,
    10,
  );
  const filler = Buffer.concat([Buffer.from([0, 0x3f, 0xf7, 0x77, 0, 0, 0, 0, 0]), Buffer.alloc(0x3ff7)]);
  for (let index = 0; index < 300; index++) peer.write(packet, filler);
  await peer.sync();
  const grown = (await heldBytes()) - before;
  assert.ok(grown < 3_000_000, `${grown} bytes more`);
  const [stream] = streams;
  if (stream === undefined) assert.fail();
  let bytes = 0;
  stream.handler = {
    data(chunk) {
      bytes += chunk.length;
    },
    ended() {},
    drained() {},
    finished() {},
    closed() {},
  };
  stream.start();
  assert.equal(bytes, 300);
});

it("a chunk that is handed on keeps no more than 2 KiB or eight times its length, unless it ends the request", async (t) => {
  const kept: Buffer[] = [];
  const { port } = await serve(t, (stream) => {
    stream.handler = {
      data: (chunk) => void kept.push(chunk),
      ended() {},
      drained() {},
      finished() {},
      closed() {},
    };
    stream.start();
  });
  const peer = openPeer(t, port, [...HANDSHAKE, request(1, POST, true)]);
  await peer.sync();
  peer.write(data(1, 100), data(1, 12_000), data(1, 200), data(1, 300, true));
  await peer.sync();
  assert.deepEqual(
    kept.map(({ length }) => length),
    [100, 12_000, 200, 300],
  );
  for (const chunk of kept.slice(0, 3))
    assert.ok(
      chunk.buffer.byteLength <= Math.max(2_048, 8 * chunk.length),
      `${chunk.length} of ${chunk.buffer.byteLength}`,
    );
});

it("padding is given back like the bytes beside it", async (t) => {
  const { port } = await serve(t, (stream) => void listenTo(stream), { streamWindowBytes: 1_000 });
  const peer = openPeer(t, port);
  peer.write(request(1, POST, true));
  // A byte of length, one of data and 198 of padding.
  const padded = frame(TYPE.DATA, 8, 1, Buffer.concat([Buffer.from([198, 65]), Buffer.alloc(198)]));
  for (let index = 0; index < 20; index++) {
    peer.write(padded);
    await peer.sync();
  }
  const updates = peer.frames.filter(({ type, id }) => type === TYPE.WINDOW_UPDATE && id === 1);
  const given = updates.reduce((sum, { payload }) => sum + payload.readUInt32BE(0), 0);
  assert.ok(given > 3_500 && given <= 4_000, `${given} of 4000`); // in halves of the window
});
