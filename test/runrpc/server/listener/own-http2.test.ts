import assert from "node:assert/strict";
import { it } from "node:test";
import type { RequestHandlers } from "../../../../src/runrpc/server/listener/listen.ts";
import { GET, openPeer, type Peer, POST, PREFACE, request, reset, SETTINGS, TYPE } from "../http2/peer.ts";
import { ask, http2, start } from "./start.ts";

const OWN = { http2: "own" } as const;

const HANDLERS: Partial<RequestHandlers> = {
  onOwnStream(stream, headers) {
    stream.respond(200, {});
    stream.end(Buffer.from(`own ${headers[":path"]}`));
  },
};

async function answerOf(peer: Peer, id: number): Promise<{ status: string | undefined; body: string }> {
  const headers = await peer.headers(id);
  return { status: headers[":status"], body: String(await peer.body(id)) };
}

it("the engine serves what comes with the preface; HTTP/1.1 goes on beside it", async (t) => {
  const listener = await start(t, OWN, HANDLERS);
  assert.deepEqual(await ask(http2(t, listener), { ":path": "/a" }), {
    status: 200,
    text: "own /a",
    code: 0,
  });
  const response = await fetch(`http://127.0.0.1:${listener.port}/b`);
  assert.equal(await response.text(), "1 /b 127.0.0.1");
  assert.deepEqual(listener.stats().http2, 1);
});

for (const [title, fields, status, text] of [
  ["no host", GET.filter(([name]) => name !== ":authority"), "400", /^the request names no host/],
  [
    "a host that is none",
    [...GET.slice(0, 3), [":authority", "["]],
    "400",
    /^Host or :authority is not a host/,
  ],
  [
    "two slashes",
    GET.map(([name, value]) => [name, name === ":path" ? "//x" : value]),
    "400",
    /^the path does not start/,
  ],
  [
    "headers above the bytes",
    [...GET, ["x", "v".repeat(900)]],
    "431",
    /^request headers of \d+ bytes are above the maximum of 1000\n$/,
  ],
  [
    "headers above the pairs",
    [...GET, ...Array.from({ length: 8 }, (_, index) => [`x${index}`, ""] as const)],
    "431",
    /^more than 10 request headers\n$/,
  ],
] as const) {
  it(`${title}: ${status}, and the connection goes on`, async (t) => {
    const listener = await start(t, { ...OWN, maxHeaderBytes: 1_000, maxHeaderPairs: 10 }, HANDLERS);
    const peer = openPeer(t, listener.port);
    peer.write(request(1, fields as typeof GET));
    const answer = await answerOf(peer, 1);
    assert.equal(answer.status, status);
    assert.match(answer.body, text);
    peer.write(request(3, GET));
    assert.deepEqual(await answerOf(peer, 3), { status: "200", body: "own /" });
    assert.equal(listener.stats().refusedRequests, 1);
  });
}

it("a refused upload is told to stop", async (t) => {
  const listener = await start(t, OWN, HANDLERS);
  const peer = openPeer(t, listener.port);
  peer.write(
    request(
      1,
      POST.filter(([name]) => name !== ":authority"),
      true,
    ),
  );
  assert.equal((await answerOf(peer, 1)).status, "400");
  assert.equal((await peer.next(TYPE.RST_STREAM, 1)).payload.readUInt32BE(0), 0);
});

it("what a handler throws is told, and resets its stream alone", async (t) => {
  const errors: unknown[] = [];
  const fault = new Error("a fault");
  const listener = await start(t, OWN, {
    onOwnStream(stream) {
      if (stream.id === 1) throw fault;
      stream.respond(200, {}, true);
    },
    onError: (error) => void errors.push(error),
  });
  const peer = openPeer(t, listener.port);
  peer.write(request(1, GET), request(3, GET));
  assert.equal((await peer.next(TYPE.RST_STREAM, 1)).payload.readUInt32BE(0), 2);
  assert.deepEqual(await peer.headers(3), { ":status": "200" });
  assert.deepEqual(errors, [fault]);
});

it("streams that are reset within their packet are counted, and reach nobody", async (t) => {
  let streams = 0;
  const listener = await start(t, OWN, {
    onOwnStream(stream) {
      streams++;
      stream.respond(200, {}, true);
    },
  });
  const peer = openPeer(t, listener.port);
  peer.write(request(1, GET), reset(1), request(3, GET));
  await peer.headers(3);
  assert.equal(streams, 1);
  assert.equal(listener.stats().resetStreams, 1);
});

it("what is announced is the limit, and held", async (t) => {
  const listener = await start(
    t,
    { ...OWN, maxConcurrentStreams: 2, maxHeaderBytes: 9_000 },
    { onOwnStream() {} },
  );
  const peer = openPeer(t, listener.port);
  const { payload } = await peer.next(TYPE.SETTINGS);
  const announced = Array.from({ length: payload.length / 6 }, (_, index) => [
    payload.readUInt16BE(6 * index),
    payload.readUInt32BE(6 * index + 2),
  ]);
  assert.deepEqual(announced, [
    [3, 2],
    [4, 256 * 1024],
    [6, 9_000],
  ]);
  peer.write(request(1, GET), request(3, GET), request(5, GET));
  assert.equal((await peer.next(TYPE.RST_STREAM)).id, 5);
});

it("a session that does not begin, and one that is idle, are ended", async (t) => {
  const listener = await start(t, { ...OWN, headersTimeoutMs: 50, idleTimeoutMs: 100 }, HANDLERS);
  assert.equal((await openPeer(t, listener.port, [PREFACE]).ended())?.code, 4);
  assert.equal((await openPeer(t, listener.port, [PREFACE, SETTINGS]).ended())?.code, 0);
});

it("a drain lets open streams end, and takes no more", async (t) => {
  const listener = await start(t, OWN, { onOwnStream: (stream) => stream.resume() });
  const session = http2(t, listener);
  const open = session.request({ ":path": "/" });
  open.on("error", () => {});
  await new Promise((resolve) => session.once("connect", resolve));
  await new Promise<void>((resolve, reject) =>
    session.ping((error) => (error === null ? resolve() : reject(error))),
  );
  let isDrained = false;
  const drained = listener.drain().then(() => {
    isDrained = true;
  });
  await new Promise((resolve) => session.once("goaway", resolve));
  assert.equal(isDrained, false);
  open.close();
  await drained;
  assert.equal(listener.stats().connections, 0);
});
