import assert from "node:assert/strict";
import { it } from "node:test";
import { Decoder } from "../../../../src/runrpc/server/http2/hpack/decoder.ts";
import type { Stream } from "../../../../src/runrpc/server/http2/stream.ts";
import { isCollected } from "../../../collect.ts";
import { data, frame, GET, HANDSHAKE, openPeer, POST, request, reset, TYPE, windowUpdate } from "./peer.ts";
import { countBody, type Heard, listenTo, serve } from "./serve.ts";

it("a request is answered, with headers in both directions", async (t) => {
  let seen: Stream | undefined;
  const { port } = await serve(t, (stream) => {
    seen = stream;
    stream.respond(200, {
      "content-type": "text/plain",
      "x-a": "1",
      "x-n": 2,
      "x-none": undefined,
      "set-cookie": ["a=1", "b=2"],
    });
    stream.end(Buffer.from("hello"));
  });
  const peer = openPeer(t, port);
  peer.write(
    request(1, [...GET, ["x-b", "2"], ["cookie", "a"], ["cookie", "b"], ["x-l", "1"], ["x-l", "2"]]),
  );
  assert.deepEqual(await peer.headers(1), {
    ":status": "200",
    "content-type": "text/plain",
    "x-a": "1",
    "x-n": "2",
    "set-cookie": "a=1|b=2",
  });
  assert.equal(String(await peer.body(1)), "hello");
  assert.deepEqual(
    { ...seen?.headers },
    {
      ":method": "GET",
      ":scheme": "http",
      ":path": "/",
      ":authority": "localhost",
      "x-b": "2",
      cookie: "a; b",
      "x-l": "1, 2",
    },
  );
});

it("a body comes as it was sent, whatever the frames, the padding and the packets", async (t) => {
  const { port } = await serve(t, countBody);
  const peer = openPeer(t, port);
  peer.write(request(1, POST, true), data(1, 10));
  await peer.sync();
  const padded = frame(TYPE.DATA, 0x8, 1, Buffer.from([3, 65, 66, 0, 0, 0]));
  const big = data(1, 16_384);
  peer.write(padded, big.subarray(0, 5));
  peer.write(big.subarray(5, 9_000));
  await new Promise((resolve) => setImmediate(resolve));
  peer.write(big.subarray(9_000), data(1, 0, true));
  assert.equal(String(await peer.body(1)), String(10 + 2 + 16_384));
});

it("trailers end a request, and nobody is told of them", async (t) => {
  const all: Heard[] = [];
  const { port } = await serve(t, (stream) => {
    all.push(listenTo(stream, () => stream.respond(200, {}, true)));
  });
  const peer = openPeer(t, port);
  peer.write(request(1, POST, true), data(1, 3), request(1, [["x-trailer", "1"]]));
  assert.deepEqual(await peer.headers(1), { ":status": "200" });
  assert.deepEqual(all[0]?.events, [3, "ended", "closed 0"]);
  assert.equal(all[0]?.stream.headers["x-trailer"], undefined);
});

it("a stream that is opened and reset in one packet reaches no handler", async (t) => {
  const seen: number[] = [];
  const { port, dropped } = await serve(t, (stream) => {
    seen.push(stream.id);
    stream.respond(200, {}, true);
  });
  const peer = openPeer(t, port, []);
  peer.write(...HANDSHAKE, request(1, GET), reset(1), request(3, GET), request(5, GET, true), reset(5));
  await peer.headers(3);
  assert.deepEqual(seen, [3]);
  assert.equal(dropped(), 2);
});

it("a request that its client resets behind its end is cancelled, once", async (t) => {
  const all: Heard[] = [];
  const { port } = await serve(t, (stream) => {
    all.push(listenTo(stream));
  });
  const peer = openPeer(t, port);
  peer.write(request(1, POST, true), data(1, 4, true));
  await peer.sync();
  peer.write(reset(1, 8), reset(1, 8));
  await peer.sync();
  assert.deepEqual(all[0]?.events, [4, "ended", "closed 8"]);
});

it("a handler that pauses is told the rest when it resumes, and not before resume has returned", async (t) => {
  const events: string[] = [];
  const { port } = await serve(t, (stream) => {
    stream.handler = {
      data(chunk) {
        events.push(`data ${chunk.length}`);
        stream.pause();
        setImmediate(() => {
          stream.resume();
          stream.resume();
          events.push("resumed");
        });
      },
      ended() {
        events.push("ended");
        stream.respond(200, {}, true);
      },
      drained() {},
      finished() {},
      closed() {},
    };
    stream.start();
  });
  const peer = openPeer(t, port);
  peer.write(request(1, POST, true), data(1, 9_000), data(1, 8_000, true));
  await peer.headers(1);
  assert.deepEqual(events, ["data 9000", "resumed", "data 8000", "resumed", "ended"]);
});

it("interim responses go before the final one, and 101 is refused", async (t) => {
  const { port } = await serve(t, (stream) => {
    assert.throws(() => stream.respond(101, {}), TypeError);
    assert.throws(() => stream.respond(99, {}), TypeError);
    assert.throws(() => stream.respond(600, {}), TypeError);
    assert.throws(() => stream.respond(200.5, {}), TypeError);
    stream.respond(103, { link: "</a.css>" });
    stream.respond(200, {});
    stream.respond(500, {}); // it has responded
    stream.end(Buffer.from("body"));
  });
  const peer = openPeer(t, port);
  peer.write(request(1, GET));
  assert.deepEqual(await peer.headers(1), { ":status": "103", link: "</a.css>" });
  assert.deepEqual(await peer.headers(1), { ":status": "200" });
  assert.equal(String(await peer.body(1)), "body");
});

for (const [title, method, status] of [
  ["HEAD", "HEAD", 200],
  ["204", "GET", 204],
  ["304", "GET", 304],
] as const) {
  it(`the answer to ${title} has no body and no trailers, whatever is written`, async (t) => {
    const { port } = await serve(t, (stream) => {
      stream.respond(status, { "content-length": 4 });
      assert.equal(stream.write(Buffer.from("body")), true);
      stream.end(Buffer.from("body"), { "x-trailer": "1" });
    });
    const peer = openPeer(t, port);
    peer.write(request(1, [[":method", method], ...GET.slice(1)]));
    const head = await peer.next(TYPE.HEADERS, 1);
    assert.equal(head.flags, 0x5);
    await peer.sync();
    assert.equal(peer.frames.filter(({ id }) => id === 1).length, 1);
  });
}

it("a response ends with trailers, after the body", async (t) => {
  const { port } = await serve(t, (stream) => {
    stream.respond(200, { "content-type": "application/grpc" });
    stream.end(Buffer.from("12345"), { "grpc-status": "0" });
  });
  const peer = openPeer(t, port);
  peer.write(request(1, GET));
  assert.deepEqual(await peer.headers(1), { ":status": "200", "content-type": "application/grpc" });
  assert.deepEqual(await peer.headers(1), { "grpc-status": "0" });
  assert.deepEqual(
    peer.frames.filter(({ id }) => id === 1).map(({ type, flags }) => [type, flags]),
    [
      [TYPE.HEADERS, 4],
      [TYPE.DATA, 0],
      [TYPE.HEADERS, 5],
    ],
  );
});

for (const [title, headers] of [
  ["a name in upper case", { "X-A": "1" }],
  ["an empty name", { "": "1" }],
  ["a pseudo-header", { ":status": "200" }],
  ["a name with a space", { "x a": "1" }],
  ["a name of HTTP/1.1's connections", { connection: "close" }],
  ["a line break", { "x-a": "1\r\nx-b: 2" }],
  ["a zero byte", { "x-a": "a\0b" }],
  ["a space at the start", { "x-a": " a" }],
  ["a tab at the end", { "x-a": "a\t" }],
  ["a character that is no byte", { "x-a": "€" }],
  ["DEL", { "x-a": "\x7f" }],
  ["a bad value in a list", { "x-a": ["good", "b\nad"] }],
  ["a very long bad value", { "x-a": "\n".repeat(10_000) }],
] as const) {
  it(`${title} is not sent: the caller is told, in few words, and can answer otherwise`, async (t) => {
    const messages: string[] = [];
    const { port } = await serve(t, (stream) => {
      try {
        stream.respond(200, { "content-type": "text/html", ...headers });
      } catch (error) {
        messages.push(String(error));
      }
      stream.respond(200, { "content-type": "text/plain" });
      try {
        stream.end(undefined, headers);
      } catch (error) {
        messages.push(String(error));
      }
      stream.end(undefined, { "x-ok": "caf\xe9 \t x" });
    });
    const peer = openPeer(t, port);
    peer.write(request(1, GET), request(3, GET));
    for (const id of [1, 3]) {
      assert.deepEqual(await peer.headers(id), { ":status": "200", "content-type": "text/plain" });
      assert.deepEqual(await peer.headers(id), { "x-ok": "caf\xe9 \t x" });
    }
    assert.equal(messages.length, 4);
    for (const message of messages) assert.match(message, /^TypeError: .{5,300}$/);
  });
}

it("headers above the size of a frame go out in CONTINUATIONs", async (t) => {
  const long = "v".repeat(40_000);
  const { port } = await serve(t, (stream) => {
    stream.respond(200, { "x-long": long });
    stream.end(Buffer.from("b"), { "x-last": long });
  });
  const peer = openPeer(t, port);
  peer.write(request(1, GET));
  assert.deepEqual(await peer.headers(1), { ":status": "200", "x-long": long });
  assert.deepEqual(await peer.headers(1), { "x-last": long });
  const types = peer.frames.filter(({ id }) => id === 1).map(({ type, flags }) => `${type}:${flags}`);
  assert.deepEqual(types, ["1:0", "9:0", "9:4", "0:0", "1:1", "9:0", "9:4"]);
});

it("a handler that throws loses its stream, and no other", async (t) => {
  const at = (stream: Stream, where: string): void => {
    if (stream.headers["x-at"] === where) throw new Error(where);
  };
  const { port, errors } = await serve(t, (stream) => {
    stream.handler = {
      data: () => at(stream, "data"),
      ended() {
        at(stream, "ended");
        stream.respond(200, {}, true);
      },
      drained: () => at(stream, "drained"),
      finished: () => at(stream, "finished"),
      closed: () => at(stream, "closed"),
    };
    at(stream, "stream");
    stream.resume();
    if (stream.headers["x-at"] === "drained") {
      stream.respond(200, {});
      while (stream.write(Buffer.alloc(16_000)));
    }
  });
  const peer = openPeer(t, port);
  const cases = ["stream", "data", "ended", "drained"];
  for (const [index, where] of cases.entries()) {
    const id = 1 + 2 * index;
    peer.write(request(id, [...POST, ["x-at", where]], true), data(id, 5, true));
    if (where === "drained") peer.write(windowUpdate(0, 1 << 20), windowUpdate(id, 1 << 20));
    assert.equal((await peer.next(TYPE.RST_STREAM, id)).payload.readUInt32BE(0), 2);
  }
  peer.write(
    request(9, [...GET, ["x-at", "closed"]]),
    request(11, GET),
    request(13, [...GET, ["x-at", "finished"]]),
  );
  assert.deepEqual(await peer.headers(9), { ":status": "200" });
  assert.deepEqual(await peer.headers(11), { ":status": "200" });
  assert.equal((await peer.next(TYPE.RST_STREAM, 13)).payload.readUInt32BE(0), 2);
  assert.deepEqual(
    errors.map(String),
    [...cases, "closed", "finished"].map((where) => `Error: ${where}`),
  );
});

it("a fault of the engine's own ends the connection with INTERNAL_ERROR, and nothing else", async (t) => {
  const { port, errors } = await serve(t, countBody);
  const peer = openPeer(t, port);
  await peer.sync();
  const fault = new Error("a fault");
  t.mock.method(Decoder.prototype, "decode", () => {
    throw fault;
  });
  peer.write(request(1, GET));
  assert.deepEqual(await peer.ended(), { code: 2, text: "", lastId: 0 });
  assert.deepEqual(errors, [fault]);
});

it("a response is sent once, and ended once", async (t) => {
  const { port } = await serve(t, (stream) => {
    stream.respond(200, { "x-n": "1" });
    stream.respond(500, { "x-n": "2" });
    stream.end(Buffer.from("whole"), { "x-end": "1" });
    stream.end(Buffer.from(" and more"), { "x-end": "2" });
  });
  const peer = openPeer(t, port);
  // It stays open: nothing that would be sent twice is kept back by its end.
  peer.write(request(1, POST, true));
  assert.deepEqual(await peer.headers(1), { ":status": "200", "x-n": "1" });
  assert.deepEqual(await peer.headers(1), { "x-end": "1" });
  await peer.sync();
  assert.deepEqual(
    peer.frames.filter(({ id, type }) => id === 1 && type <= TYPE.HEADERS).map(({ type }) => type),
    [TYPE.HEADERS, TYPE.DATA, TYPE.HEADERS],
  );
  assert.equal(String(await peer.body(1)), "whole");
});

it("a closed stream lets go of its handler", async (t) => {
  const closed = Promise.withResolvers<void>();
  let kept: Stream | undefined;
  let handler: WeakRef<object> | undefined;
  const { port } = await serve(t, (stream) => {
    kept = stream;
    const made = { data() {}, ended() {}, drained() {}, finished() {}, closed: () => closed.resolve() };
    handler = new WeakRef(made);
    stream.handler = made;
  });
  const peer = openPeer(t, port);
  peer.write(request(1, POST, true));
  await peer.sync();
  peer.write(reset(1));
  await closed.promise;
  assert.ok(handler !== undefined && (await isCollected(handler)));
  assert.equal(kept?.isClosed, true);
});

it("what is done to a closed stream does nothing", async (t) => {
  const done = Promise.withResolvers<Stream>();
  const { port } = await serve(t, (stream) => {
    const { closed } = listenTo(stream);
    closed.then(() => done.resolve(stream));
  });
  const peer = openPeer(t, port);
  peer.write(request(1, GET));
  await peer.sync();
  peer.write(reset(1));
  const stream = await done.promise;
  stream.respond(200, {});
  assert.equal(stream.write(Buffer.from("x")), true);
  stream.end();
  stream.reset(2);
  stream.resume();
  stream.start();
  await peer.sync();
  assert.deepEqual(
    peer.frames.filter(({ id }) => id === 1),
    [],
  );
});

it("a request that is longer than its response is dropped, and told to stop after a grace", async (t) => {
  const all: Heard[] = [];
  const { port } = await serve(
    t,
    (stream) => {
      if (stream.id === 3) {
        // Nobody has read what came before the answer either.
        setImmediate(() => stream.respond(200, {}, true));
        return;
      }
      const heard = listenTo(stream);
      all.push(heard);
      stream.respond(200, {}, true);
    },
    { uploadGraceMs: 300, streamWindowBytes: 20_000 },
  );
  const peer = openPeer(t, port);
  peer.write(request(1, POST, true), request(3, POST, true), data(3, 10_000), request(5, POST, true));
  await peer.headers(3);
  // Dropped is taken as well: the window grows.
  peer.write(data(1, 10_000), data(1, 10_000), data(3, 10_000), data(5, 1, true));
  await peer.sync();
  const windows = peer.frames.filter(({ type, id }) => type === TYPE.WINDOW_UPDATE && id > 0);
  assert.deepEqual(
    windows.map(({ id }) => id),
    [3, 1, 1, 3],
  );
  for (const id of [1, 3]) assert.equal((await peer.next(TYPE.RST_STREAM, id)).payload.readUInt32BE(0), 0);
  await peer.sync();
  assert.deepEqual(
    all.map(({ events }) => events),
    [["closed 0"], ["closed 0"]],
  );
  const resets = peer.frames.filter(({ type }) => type === TYPE.RST_STREAM);
  assert.deepEqual(resets.map(({ id }) => id).sort(), [1, 3]);
});

it("more than the announced streams are refused, and a closed one makes room at once", async (t) => {
  const streams: Stream[] = [];
  const { port } = await serve(t, (stream) => streams.push(stream), { maxConcurrentStreams: 2 });
  const peer = openPeer(t, port);
  peer.write(request(1, GET), request(3, GET), request(5, GET));
  assert.equal((await peer.next(TYPE.RST_STREAM, 5)).payload.readUInt32BE(0), 7);
  streams[0]?.respond(200, {}, true);
  await peer.headers(1);
  peer.write(request(7, GET));
  await peer.sync();
  assert.deepEqual(
    streams.map(({ id }) => id),
    [1, 3, 7],
  );
  // 2,000 calls, each opened as soon as the one before has ended: none is refused.
  for (const stream of streams.slice(1)) stream.respond(200, {}, true);
  for (let id = 9; id < 4_009; id += 4) {
    peer.write(request(id, GET), request(id + 2, GET));
    await peer.sync();
    for (const stream of streams.splice(-2)) stream.respond(200, {}, true);
  }
  await peer.sync();
  assert.equal(peer.frames.filter(({ type }) => type === TYPE.RST_STREAM).length, 1);
});
