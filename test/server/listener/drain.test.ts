import assert from "node:assert/strict";
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import { test } from "node:test";
import { frame, GET, GOAWAY, PREFACE, parse, request, SETTINGS } from "./frames.ts";
import { ask, heard, http2, start, tcp } from "./start.ts";

test("an open HTTP/2 stream finishes after GOAWAY(NO_ERROR), and no stream is taken after it", async (t) => {
  const { promise: opened, resolve: open } = Promise.withResolvers<ServerHttp2Stream>();
  let calls = 0;
  const listener = await start(
    t,
    {},
    {
      onStream(stream) {
        calls++;
        open(stream);
      },
    },
  );
  const socket = tcp(t, listener);
  const bytes: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => bytes.push(chunk));
  socket.write(Buffer.concat([PREFACE, SETTINGS, frame(4, 1, 0), request(1, GET)]));
  const stream = await opened;
  const drained = listener.drain();
  const seen = () => parse(Buffer.concat(bytes));
  while (!seen().some(({ type }) => type === GOAWAY)) await once(socket, "data");
  const goaway = seen().find(({ type }) => type === GOAWAY);
  assert.equal(goaway?.payload.readUInt32BE(0), 1); // the last stream taken
  assert.equal(goaway?.payload.readUInt32BE(4), 0); // NO_ERROR
  // A PING behind the request shows, by its answer, that the request has been read.
  socket.write(Buffer.concat([request(3, GET), frame(6, 0, 0, Buffer.alloc(8))]));
  while (!seen().some(({ type, flags }) => type === 6 && flags === 1)) await once(socket, "data");
  stream.respond({ ":status": 200 });
  stream.end("late");
  socket.once("end", () => socket.end());
  await drained;
  assert.equal(calls, 1);
  assert.match(String(seen().find(({ type, streamId }) => type === 0 && streamId === 1)?.payload), /^late$/);
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

test("an open HTTP/1.1 request is answered with Connection: close, idle connections end at once", async (t) => {
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
