import assert from "node:assert/strict";
import { it } from "node:test";
import type { Stream } from "../../../../src/runrpc/server/http2/stream.ts";
import { data, type Frame, frame, GET, openPeer, POST, PREFACE, request, TYPE } from "./peer.ts";
import { countBody, serve } from "./serve.ts";

const lastIdOf = ({ payload }: Frame): number => payload.readUInt32BE(0);

it("an end in good order: GOAWAY without an id, PING, and when that is answered the real GOAWAY", async (t) => {
  const streams: Stream[] = [];
  const { port, connections } = await serve(t, (stream) => streams.push(stream));
  const peer = openPeer(t, port);
  peer.write(request(1, GET));
  await peer.sync();
  const [connection] = connections;
  connection?.close();
  connection?.close();
  assert.equal(lastIdOf(await peer.next(TYPE.GOAWAY)), 2 ** 31 - 1);
  const ping = await peer.next(TYPE.PING);
  // Another answer is none to this.
  peer.write(frame(TYPE.PING, 1, 0, Buffer.alloc(8, 0x55)));
  await peer.sync();
  assert.equal(peer.frames.filter(({ type }) => type === TYPE.GOAWAY).length, 1);
  // A call that was on its way is taken.
  peer.write(request(3, GET), frame(TYPE.PING, 1, 0, ping.payload));
  const last = await peer.next(TYPE.GOAWAY);
  assert.equal(lastIdOf(last), 3);
  assert.equal(last.payload.readUInt32BE(4), 0);
  // One that comes later is not; what belongs to it is dropped.
  peer.write(request(5, POST, true), data(5, 3), frame(TYPE.PING, 1, 0, ping.payload));
  await peer.sync();
  peer.write(frame(TYPE.RST_STREAM, 0, 5, Buffer.alloc(4)));
  await peer.sync();
  assert.deepEqual(
    streams.map(({ id }) => id),
    [1, 3],
  );
  assert.equal(connection?.openStreams.length, 2);
  let isClosed = false;
  if (connection !== undefined)
    connection.onClose = () => {
      isClosed = true;
    };
  for (const stream of streams) stream.respond(200, {}, true);
  await peer.headers(3);
  assert.equal((await peer.ended())?.lastId, 3);
  assert.equal(connection?.isOver, true);
  while (!isClosed) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(peer.frames.filter(({ type }) => type === TYPE.GOAWAY).map(lastIdOf), [2 ** 31 - 1, 3]);
});

for (const [title, bytes] of Object.entries({
  DATA: data(7, 3),
  RST_STREAM: frame(TYPE.RST_STREAM, 0, 7, Buffer.alloc(4)),
  WINDOW_UPDATE: frame(TYPE.WINDOW_UPDATE, 0, 7, Buffer.of(0, 0, 0, 1)),
}))
  it(`after the last GOAWAY ${title} on a stream that was never opened is an error, which names the same last stream`, async (t) => {
    const { port, connections } = await serve(t, () => {});
    const peer = openPeer(t, port);
    peer.write(request(1, GET));
    await peer.sync();
    connections[0]?.close();
    const ping = await peer.next(TYPE.PING);
    peer.write(frame(TYPE.PING, 1, 0, ping.payload));
    while (lastIdOf(await peer.next(TYPE.GOAWAY)) !== 1);
    // It is not taken, and not idle either: what belongs to it is dropped.
    peer.write(request(5, POST, true), data(5, 3));
    await peer.sync();
    peer.write(bytes);
    const ended = await peer.ended();
    assert.deepEqual([ended?.code, ended?.lastId], [1, 1]);
    assert.match(ended?.text ?? "", /stream 7, which is idle/);
  });

it("a connection without streams ends as soon as its peer has answered", async (t) => {
  const { port, connections } = await serve(t, countBody, { firstStreamMs: 0 });
  const peer = openPeer(t, port);
  await peer.sync();
  connections[0]?.close();
  const ping = await peer.next(TYPE.PING);
  peer.write(frame(TYPE.PING, 1, 0, ping.payload));
  assert.deepEqual(await peer.ended(), { code: 0, text: "", lastId: 0 });
});

it("a peer that does not answer is told the last id after a second", async (t) => {
  const { port, connections } = await serve(t, countBody);
  const peer = openPeer(t, port);
  peer.write(request(1, GET, true));
  await peer.sync();
  connections[0]?.close();
  const startedAtMs = performance.now();
  await peer.next(TYPE.GOAWAY);
  assert.equal(lastIdOf(await peer.next(TYPE.GOAWAY)), 1);
  const tookMs = performance.now() - startedAtMs;
  assert.ok(tookMs > 900 && tookMs < 3_000, `${tookMs} ms`);
  // Nothing is due any more, however long the stream stays.
  await new Promise((resolve) => setTimeout(resolve, 50));
  await peer.sync();
  assert.equal(peer.frames.filter(({ type }) => type === TYPE.GOAWAY).length, 2);
  peer.write(data(1, 2, true));
  assert.equal(String(await peer.body(1)), "2");
  assert.equal((await peer.ended())?.code, 0);
});

it("a connection that has ended tells it once", async (t) => {
  const { port, connections } = await serve(t, countBody);
  const peer = openPeer(t, port);
  await peer.sync();
  const [connection] = connections;
  if (connection === undefined) assert.fail();
  let told = 0;
  connection.onClose = () => {
    told++;
  };
  connection.destroy();
  await peer.ended();
  await new Promise((resolve) => setTimeout(resolve, 20)); // the socket's own `close` has come
  assert.equal(told, 1);
});

it("a peer that has just connected is given time for its first stream, and told when that comes", async (t) => {
  const { port, connections } = await serve(t, countBody, { firstStreamMs: 60_000 });
  const peer = openPeer(t, port);
  await peer.sync();
  connections[0]?.close();
  await peer.sync();
  assert.deepEqual(
    peer.frames.filter(({ type }) => type === TYPE.GOAWAY),
    [],
  );
  peer.write(request(1, GET));
  assert.equal(lastIdOf(await peer.next(TYPE.GOAWAY)), 2 ** 31 - 1);
  const ping = await peer.next(TYPE.PING);
  peer.write(frame(TYPE.PING, 1, 0, ping.payload));
  assert.equal(String(await peer.body(1)), "0");
  assert.equal((await peer.ended())?.lastId, 1);
});

it("a peer that opens no stream is told after that time", async (t) => {
  const { port, connections } = await serve(t, countBody, { firstStreamMs: 100 });
  const startedAtMs = performance.now();
  const peer = openPeer(t, port);
  await peer.next(TYPE.SETTINGS);
  connections[0]?.close();
  await peer.next(TYPE.GOAWAY);
  assert.ok(performance.now() - startedAtMs > 50);
});

it("a peer that has not begun is told at once", async (t) => {
  const { port, connections } = await serve(t, countBody, { firstStreamMs: 0 });
  const peer = openPeer(t, port, [PREFACE]);
  await peer.next(TYPE.SETTINGS);
  connections[0]?.close();
  assert.deepEqual(await peer.ended(), { code: 0, text: "", lastId: 0 });
});

it("destroy ends everything at once, and its streams are told", async (t) => {
  const codes: number[] = [];
  const { port, connections } = await serve(t, (stream) => {
    stream.handler = {
      data() {},
      ended() {},
      drained() {},
      finished() {},
      closed: (code) => void codes.push(code),
    };
  });
  const peer = openPeer(t, port);
  peer.write(request(1, GET), request(3, GET));
  await peer.sync();
  connections[0]?.destroy();
  connections[0]?.close();
  connections[0]?.destroy();
  assert.deepEqual(codes, [8, 8]);
  assert.equal(await peer.ended(), undefined);
});

it("a peer that stays behind its GOAWAY is cut off", async (t) => {
  const { port, sockets } = await serve(t, countBody);
  const peer = openPeer(t, port);
  await peer.sync();
  peer.socket.removeAllListeners("end"); // it does not end its own side
  peer.socket.allowHalfOpen = true;
  peer.write(request(2, GET));
  await peer.next(TYPE.GOAWAY);
  const closed = new Promise((resolve) => sockets[0]?.once("close", resolve));
  const startedAtMs = performance.now();
  await closed;
  assert.ok(performance.now() - startedAtMs < 2_000);
});
