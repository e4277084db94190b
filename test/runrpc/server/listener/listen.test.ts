import assert from "node:assert/strict";
import { test } from "node:test";
import { listen } from "../../../../src/runrpc/server/listener/listen.ts";
import { ask, ECHO, heard, http2, OPTIONS, say, start, tcp } from "./start.ts";

test("one port answers HTTP/1.1 and HTTP/2, and both know the peer's address", async (t) => {
  const listener = await start(t);
  const first = await say(t, listener, "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  assert.match(first, /^HTTP\/1\.1 200 OK\r\n[\s\S]*1 \/a 127\.0\.0\.1$/);
  const second = await ask(http2(t, listener), { ":path": "/b" });
  assert.deepEqual(second, { status: 200, text: "2 /b 127.0.0.1", code: 0 });
});

test("stats count connections by protocol", async (t) => {
  const listener = await start(t);
  await ask(http2(t, listener));
  assert.deepEqual(listener.stats(), {
    connections: 1,
    http1: 0,
    http2: 1,
    refusedConnections: 0,
    refusedRequests: 0,
    resetStreams: 0,
    acceptErrors: 0,
  });
});

for (const host of ["[::]", "::"]) {
  test(`the host ${host} is reached over IPv4`, async (t) => {
    const listener = await start(t, { host });
    const session = http2(t, { ...listener, host: "127.0.0.1" });
    assert.equal((await ask(session)).status, 200);
  });
}

test("a port in use is named, with what to do", async (t) => {
  const { port } = await start(t, { host: "[::]" });
  await assert.rejects(listen({ ...OPTIONS, host: "[::]", port }, ECHO), {
    message: `port ${port} on [::] is in use: stop the other process or choose another with --port`,
  });
});

test("a host that is not this machine's is named, with what to do", async () => {
  await assert.rejects(listen({ ...OPTIONS, host: "192.0.2.1" }, ECHO), {
    message: "192.0.2.1 is no address of this machine: choose another with --host",
  });
});

test("a port out of range is named, with what to do", async () => {
  await assert.rejects(listen({ ...OPTIONS, port: 70_000 }, ECHO), {
    message: "70000 is not a port: choose one from 0 to 65535 with --port",
  });
});

test("connections above the maximum are closed at once, and taken again when one has gone", async (t) => {
  const listener = await start(t, { maxConnections: 1 });
  const session = http2(t, listener);
  await ask(session);
  assert.equal(await heard(tcp(t, listener)), "");
  assert.equal(listener.stats().refusedConnections, 1);
  session.destroy();
  // The server learns of the close in its own time; a client tries until it is let in.
  let status = 0;
  while (status !== 200) ({ status } = await ask(http2(t, listener)).catch(() => ({ status: 0 })));
});

test("connections of one address above its maximum are closed at once", async (t) => {
  const listener = await start(t, { maxConnectionsPerAddress: 2 });
  await ask(http2(t, listener));
  await ask(http2(t, listener));
  assert.equal(await heard(tcp(t, listener)), "");
  assert.equal(listener.stats().refusedConnections, 1);
});

test("destroy ends what is open and closes the port", async (t) => {
  const listener = await start(t, {}, { onStream() {} });
  const answer = ask(http2(t, listener));
  const silent = heard(tcp(t, listener));
  await say(t, listener, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  listener.destroy();
  assert.equal((await answer).status, 0);
  assert.equal(await silent, "");
  assert.equal(await heard(tcp(t, listener)), "");
});
