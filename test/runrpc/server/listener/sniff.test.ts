import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { GET, PREFACE, parse, request, SETTINGS } from "./frames.ts";
import { heard, say, start, tcp } from "./start.ts";

test("an HTTP/2 preface that comes byte by byte is understood", async (t) => {
  const listener = await start(t);
  const socket = tcp(t, listener);
  await once(socket, "connect");
  for (const byte of PREFACE) {
    await new Promise((resolve) => socket.write(Buffer.from([byte]), resolve));
  }
  socket.write(Buffer.concat([SETTINGS, request(1, GET)]));
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk]);
    if (bytes.includes("2 / 127.0.0.1")) break;
  }
  assert.ok(parse(bytes).some(({ type, streamId }) => type === 1 && streamId === 1));
});

test("a request that only begins like the preface is HTTP/1", async (t) => {
  const listener = await start(t);
  const socket = tcp(t, listener);
  socket.write("P");
  socket.write("R");
  socket.write("OPFIND / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  assert.match(await heard(socket), /^HTTP\/1\.1 200 /);
});

test("an HTTP/1.1 client that ends its side early gets its answer", async (t) => {
  const socket = tcp(t, await start(t));
  socket.end("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(await heard(socket), /^HTTP\/1\.1 200 /);
});

test("a connection that says nothing is closed", async (t) => {
  const listener = await start(t, { firstByteTimeoutMs: 20 });
  assert.equal(await heard(tcp(t, listener)), "");
});

test("a connection that stops in the middle of the preface is closed", async (t) => {
  const listener = await start(t, { headersTimeoutMs: 20 });
  const socket = tcp(t, listener);
  socket.write("PRI * HT");
  assert.equal(await heard(socket), "");
});

test("an HTTP/2 connection that stops after the preface is closed", async (t) => {
  const listener = await start(t, { headersTimeoutMs: 20 });
  const socket = tcp(t, listener);
  socket.write(PREFACE);
  await heard(socket);
  assert.ok(socket.readableEnded || socket.destroyed);
});

for (const text of ["INVALID CONNECTION PREFACE\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"]) {
  test(`a broken preface is closed without a word, which would be read as frames: ${JSON.stringify(text)}`, async (t) => {
    const listener = await start(t);
    const socket = tcp(t, listener);
    socket.write(text);
    assert.equal(await heard(socket), "");
    assert.match(await say(t, listener, "let me in\r\n\r\n"), /^HTTP\/1\.1 400 /);
  });
}
