import assert from "node:assert/strict";
import { it } from "node:test";
import { data, frame, GET, HANDSHAKE, openPeer, POST, PREFACE, request, SETTINGS, TYPE } from "./peer.ts";
import { countBody, serve } from "./serve.ts";

const BLOCK = request(1, GET).subarray(9);

it("a peer that sends no SETTINGS is ended", async (t) => {
  const { port } = await serve(t, countBody, { firstSettingsTimeoutMs: 30 });
  for (const handshake of [[PREFACE.subarray(0, 9)], [PREFACE]]) {
    const ended = await openPeer(t, port, handshake).ended();
    assert.equal(ended?.code, 4);
  }
});

it("a peer that does not acknowledge our SETTINGS is ended with SETTINGS_TIMEOUT", async (t) => {
  const { port } = await serve(t, countBody, { settingsTimeoutMs: 30 });
  assert.equal((await openPeer(t, port, [PREFACE, SETTINGS]).ended())?.code, 4);
});

for (const [title, bytes] of [
  ["HEADERS without CONTINUATION", frame(TYPE.HEADERS, 1, 1, BLOCK)],
  ["a frame that is cut off", frame(TYPE.HEADERS, 5, 1, BLOCK).subarray(0, 20)],
  ["a frame's head that is cut off", frame(TYPE.HEADERS, 5, 1, BLOCK).subarray(0, 5)],
] as const) {
  it(`a header block that does not end: ${title}`, async (t) => {
    const { port } = await serve(t, countBody, { headerBlockTimeoutMs: 50 });
    const peer = openPeer(t, port);
    // One that ends is not on the clock.
    peer.write(bytes.subarray(0, 3));
    peer.write(bytes.subarray(3));
    assert.equal((await peer.ended())?.code, 11);
  });
}

it("a header block that ends, and an upload that is slow, are not on that clock", async (t) => {
  const { port } = await serve(t, countBody, { headerBlockTimeoutMs: 60 });
  const peer = openPeer(t, port);
  peer.write(frame(TYPE.HEADERS, 0, 1, BLOCK));
  await new Promise((resolve) => setTimeout(resolve, 20));
  peer.write(frame(TYPE.CONTINUATION, 4, 1), data(1, 100).subarray(0, 50));
  await new Promise((resolve) => setTimeout(resolve, 120));
  peer.write(data(1, 100, true).subarray(50));
  peer.write(data(1, 0, true));
  assert.equal(String(await peer.body(1)), "100");
});

it("a connection without a stream is ended in good order, one with a stream is not", async (t) => {
  const { port } = await serve(t, countBody, { idleTimeoutMs: 80 });
  const idle = openPeer(t, port);
  const busy = openPeer(t, port);
  busy.write(request(1, POST, true));
  await idle.next(TYPE.GOAWAY);
  assert.equal((await idle.ended())?.code, 0);
  await busy.sync();
  assert.deepEqual(
    busy.frames.filter(({ type }) => type === TYPE.GOAWAY),
    [],
  );
  busy.write(data(1, 1, true));
  await busy.body(1);
  const startedAtMs = performance.now();
  await busy.next(TYPE.GOAWAY);
  const tookMs = performance.now() - startedAtMs;
  assert.ok(tookMs > 50 && tookMs < 500, `${tookMs} ms`);
});

it("a peer is asked whether it is there, and one that does not answer is gone", async (t) => {
  const { port } = await serve(t, countBody, { pingIntervalMs: 30, pingTimeoutMs: 60 });
  const peer = openPeer(t, port);
  for (let index = 0; index < 3; index++) {
    const { payload } = await peer.next(TYPE.PING);
    assert.equal(payload.length, 8);
    peer.write(frame(TYPE.PING, 1, 0, payload));
  }
  await peer.next(TYPE.PING);
  assert.equal(await peer.ended(), undefined);
});

it("a peer that answers what nobody asked is gone as well", async (t) => {
  const { port } = await serve(t, countBody, { pingIntervalMs: 30, pingTimeoutMs: 60 });
  const peer = openPeer(t, port);
  const { payload } = await peer.next(TYPE.PING);
  peer.write(frame(TYPE.PING, 1, 0, Buffer.alloc(8, payload.readUInt8(0) + 1)));
  assert.equal(await peer.ended(), undefined);
  assert.equal(peer.frames.filter(({ type }) => type === TYPE.PING).length, 1);
});

it("a peer that answers keeps its connection for as long as it likes, and sees no GOAWAY", async (t) => {
  const { port, connections } = await serve(t, countBody, {
    idleTimeoutMs: 0,
    pingIntervalMs: 0,
    headerBlockTimeoutMs: 20,
  });
  const peer = openPeer(t, port, [...HANDSHAKE, request(1, GET)]);
  await peer.body(1);
  await new Promise((resolve) => setTimeout(resolve, 60));
  await peer.sync();
  assert.deepEqual(
    peer.frames.filter(({ type }) => type === TYPE.GOAWAY),
    [],
  );
  assert.equal(connections[0]?.isOver, false);
});
