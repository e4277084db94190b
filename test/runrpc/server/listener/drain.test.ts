import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { type TestContext, test } from "node:test";
import { frame, GET, GOAWAY, PING, PREFACE, request, SETTINGS, SETTINGS_ACK } from "./frames.ts";
import { accepted, ask, heard, http2, rawHttp2, start, tcp } from "./start.ts";

test("HTTP/2: GOAWAY without a last stream; what comes until its PING is answered is taken, and nothing after", async (t) => {
  const paths: unknown[] = [];
  const streams: ServerHttp2Stream[] = [];
  const listener = await start(
    t,
    {},
    {
      onStream(stream, headers) {
        paths.push(headers[":path"]);
        streams.push(stream);
      },
    },
  );
  const peer = rawHttp2(t, listener);
  peer.send(PREFACE, SETTINGS, SETTINGS_ACK, request(1, GET));
  await peer.synced();
  const drained = listener.drain();
  const [first] = await peer.frames(GOAWAY, 1);
  assert.deepEqual([first?.readUInt32BE(0), first?.readUInt32BE(4)], [2 ** 31 - 1, 0]);
  const [ping] = await peer.frames(PING, 1);
  // These cross the GOAWAY.
  peer.send(request(3, GET), request(5, GET));
  await peer.synced();
  peer.send(frame(PING, 1, 0, ping));
  const [, second] = await peer.frames(GOAWAY, 2);
  assert.deepEqual([second?.readUInt32BE(0), second?.readUInt32BE(4)], [5, 0]);
  peer.send(request(7, GET));
  await peer.synced();
  assert.equal(paths.length, 3);
  for (const stream of streams) {
    stream.respond({ ":status": 200 });
    stream.end("late");
  }
  await peer.ended;
  await drained;
  assert.equal(peer.bodies(), "latelatelate");
  assert.equal(paths.length, 3);
});

test("HTTP/2: a peer that does not answer the PING is told its last stream a second later", async (t) => {
  const listener = await start(t);
  const peer = rawHttp2(t, listener);
  peer.send(PREFACE, SETTINGS, SETTINGS_ACK, request(1, GET));
  await peer.synced();
  const before = performance.now();
  const drained = listener.drain();
  const [, second] = await peer.frames(GOAWAY, 2);
  assert.equal(second?.readUInt32BE(0), 1);
  const tookMs = performance.now() - before;
  assert.ok(tookMs > 900 && tookMs < 5_000, `${tookMs} ms`);
  await drained;
});

test("HTTP/2: a client that has just connected is served its first requests", async (t) => {
  const listener = await start(t);
  const peer = rawHttp2(t, listener);
  peer.send(PREFACE, SETTINGS);
  await peer.synced();
  const drained = listener.drain();
  await new Promise(setImmediate);
  peer.send(request(1, GET), request(3, GET));
  const [goaway] = await peer.frames(GOAWAY, 1);
  assert.equal(goaway?.readUInt32BE(0), 2 ** 31 - 1);
  peer.send(frame(PING, 1, 0, (await peer.frames(PING, 1))[0]));
  await peer.ended;
  await drained;
  assert.equal(peer.bodies(), "2 / 127.0.0.12 / 127.0.0.1");
});

for (const [title, preface] of [
  ["that has said nothing", []],
  ["in the middle of its preface", [PREFACE.subarray(0, 5)]],
] as const) {
  test(`a connection ${title} is served, whatever it turns out to speak`, async (t) => {
    const listener = await start(t);
    const peer = rawHttp2(t, listener);
    for (const part of preface) peer.send(part);
    const plain = tcp(t, listener);
    await accepted(listener, 2);
    const drained = listener.drain();
    await new Promise(setImmediate);
    peer.send(PREFACE.subarray(preface[0]?.length ?? 0), SETTINGS, request(1, GET));
    peer.send(frame(PING, 1, 0, (await peer.frames(PING, 1))[0]));
    plain.write("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    assert.match(await heard(plain), /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*1 \/a /);
    await peer.ended;
    await drained;
    assert.equal(peer.bodies(), "2 / 127.0.0.1");
  });
}

test("a connection that has said nothing is given up a second later", async (t) => {
  const listener = await start(t);
  const silent = heard(tcp(t, listener));
  await accepted(listener, 1);
  const before = performance.now();
  await listener.drain();
  const tookMs = performance.now() - before;
  assert.ok(tookMs > 900 && tookMs < 5_000, `${tookMs} ms`);
  assert.equal(await silent, "");
});

test("a request that comes on a kept HTTP/1.1 connection after the drain began is answered, with Connection: close", async (t) => {
  const listener = await start(t);
  const kept = tcp(t, listener);
  kept.write("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(kept, "data");
  const drained = listener.drain();
  await new Promise(setImmediate);
  // Its last byte comes after the time that the connection has without a request.
  kept.write("GET /2 HTTP/1.1\r\nHost: x\r\n\r");
  setTimeout(() => kept.write("\n"), 400);
  assert.match(await heard(kept), /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*1 \/2 /);
  await drained;
});

test("a listener that retires serves all, over HTTP/1.1 with Connection: close, and takes connections", async (t) => {
  const listener = await start(t);
  const session = http2(t, listener);
  await ask(session);
  const kept = tcp(t, listener);
  kept.write("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n");
  const [answer] = await once(kept, "data");
  assert.match(String(answer), /Connection: keep-alive/);
  listener.retire();
  kept.write("GET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(await heard(kept), /Connection: close\r\n/);
  const later = tcp(t, listener);
  later.write("GET /3 HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(await heard(later), /Connection: close\r\n/);
  assert.equal((await ask(session)).status, 200);
  assert.equal((await ask(http2(t, listener))).status, 200);
  assert.equal(session.closed, false);
});

test("a stream whose headers came before the drain is still handed on", async (t) => {
  const listener = await start(t);
  const session = http2(t, listener);
  await ask(session);
  const answers = Promise.all(Array.from({ length: 20 }, () => ask(session)));
  const [goaway] = await Promise.all([once(session, "goaway"), listener.drain()]);
  const lastTaken = goaway[1];
  for (const [index, { status }] of (await answers).entries()) {
    assert.equal(status === 200, 2 * index + 3 <= lastTaken);
  }
});

test("an open HTTP/1.1 request is answered with Connection: close, idle connections end without a word", async (t) => {
  const { promise: opened, resolve: open } = Promise.withResolvers<ServerResponse>();
  const listener = await start(
    t,
    {},
    {
      onRequest(request, response) {
        if (request.url === "/idle") response.end();
        else open(response);
      },
    },
  );
  const idle = tcp(t, listener);
  idle.write("GET /idle HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(idle, "data");
  const silent = heard(tcp(t, listener));
  const busy = tcp(t, listener);
  busy.write("GET /busy HTTP/1.1\r\nHost: x\r\n\r\n");
  const response = await opened;
  const drained = listener.drain();
  assert.equal(await heard(idle), "");
  assert.equal(await silent, "");
  response.end("late");
  assert.match(await heard(busy), /^HTTP\/1\.1 200 OK\r\n[\s\S]*Connection: close\r\n[\s\S]*late/);
  await drained;
  assert.equal(listener.stats().connections, 0);
});

test("an HTTP/1.1 answer whose headers are out before the drain is finished and its connection ended", async (t) => {
  const { promise: opened, resolve: open } = Promise.withResolvers<ServerResponse>();
  const listener = await start(
    t,
    {},
    {
      onRequest(_request, response) {
        response.write("early ");
        open(response);
      },
    },
  );
  const socket = tcp(t, listener);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const response = await opened;
  await once(socket, "data");
  const drained = listener.drain();
  response.end("late");
  assert.match(await heard(socket), /late/);
  await drained;
});

test("a draining listener takes no connection, and drain may be called twice", async (t) => {
  const listener = await start(t);
  await Promise.all([listener.drain(), listener.drain()]);
  const socket = tcp(t, listener);
  const [error] = await once(socket, "error");
  assert.equal(error.code, "ECONNREFUSED");
});

test("drain waits for a handler, and destroy ends the wait", async (t) => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>();
  const listener = await start(t, {}, { onStream: () => open() });
  const answer = ask(http2(t, listener));
  await opened;
  const drained = listener.drain();
  listener.destroy();
  await drained;
  assert.equal((await answer).status, 0);
});

/** Takes requests and answers each when it is told to; tells which have come. */
function held(t: TestContext) {
  const opened = new Map<string, PromiseWithResolvers<ServerResponse>>();
  const of = (path: string): PromiseWithResolvers<ServerResponse> => {
    const found = opened.get(path) ?? Promise.withResolvers<ServerResponse>();
    opened.set(path, found);
    return found;
  };
  const came: string[] = [];
  const listener = start(
    t,
    {},
    {
      onRequest(request, response) {
        came.push(request.url ?? "");
        of(request.url ?? "").resolve(response);
      },
    },
  );
  return { listener, came, opened: (path: string) => of(path).promise };
}

test("pipelined HTTP/1.1 requests are all answered in a drain, and the last answer says Connection: close", async (t) => {
  const { listener: starting, opened } = held(t);
  const listener = await starting;
  const client = tcp(t, listener);
  client.write(`${get("/1")}${get("/2")}`);
  const [first, second] = await Promise.all([opened("/1"), opened("/2")]);
  const drained = listener.drain();
  await new Promise(setImmediate);
  client.write(get("/3"));
  const third = await opened("/3");
  for (const response of [third, second, first]) response.end(response.req.url);
  const answers = (await heard(client)).split("HTTP/1.1 200 OK\r\n").slice(1);
  assert.deepEqual(
    answers.map((answer) => [/Connection: close/.test(answer), /\/\d$/m.exec(answer)?.[0]]),
    [
      [false, "/1"],
      [false, "/2"],
      [true, "/3"],
    ],
  );
  await drained;
});

test("an HTTP/1.1 request behind an answer that has said, before the drain, that the connection stays is answered", async (t) => {
  const { listener: starting, opened } = held(t);
  const listener = await starting;
  const client = tcp(t, listener);
  client.write(get("/1"));
  const first = await opened("/1");
  first.write("begun ");
  await once(client, "data");
  const drained = listener.drain();
  await new Promise(setImmediate);
  client.write(get("/2"));
  const second = await opened("/2");
  const answers = heard(client);
  second.end("second");
  first.end("ended");
  assert.match(await answers, /ended[\s\S]*Connection: close\r\n[\s\S]*second/);
  await drained;
});

test("an HTTP/1.1 request behind an answer that says Connection: close is not looked at", async (t) => {
  const { listener: starting, came, opened } = held(t);
  const listener = await starting;
  const client = tcp(t, listener);
  client.write(get("/1"));
  const first = await opened("/1");
  const drained = listener.drain();
  await new Promise(setImmediate);
  first.write("begun ");
  await once(client, "data");
  client.write(get("/2"));
  await once(first.socket ?? assert.fail(), "data");
  first.end("ended");
  await drained;
  assert.deepEqual(came, ["/1"]);
});

function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
}
