import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { type TestContext, test } from "node:test";
import type { Listener } from "../../../../src/runrpc/server/listener/listen.ts";
import { ask, heard, http2, start, tcp } from "./start.ts";

// What comes after an end, and what is right at a bound.

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

for (const [title, first] of [
  ["its client asked for", `GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n${GET}`],
  ["its server asks for", GET],
] as const) {
  test(`a request after the Connection: close that ${title} is not served`, async (t) => {
    let calls = 0;
    const listener = await start(
      t,
      {},
      {
        onRequest(_request, response) {
          calls++;
          response.writeHead(200, { connection: "close" }).end("first");
        },
      },
    );
    const socket = tcp(t, listener);
    socket.write(first);
    const [answer] = await once(socket, "data");
    assert.match(String(answer), /^HTTP\/1\.1 200 /);
    socket.write(GET);
    const rest = await heard(socket);
    await left(listener, 0);
    assert.equal(calls, 1);
    assert.doesNotMatch(rest, /HTTP\/1\.1/);
  });
}

test("no 100 Continue follows an answer, though the body is read after it", async (t) => {
  const listener = await start(
    t,
    {},
    {
      onRequest(request, response) {
        response.writeHead(401, { "content-length": 2 }).write("n");
        request.resume().once("end", () => response.end("o"));
      },
    },
  );
  const socket = tcp(t, listener);
  socket.write("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
  let answer = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    answer += text;
  });
  while (!answer.endsWith("n")) await once(socket, "data");
  socket.write("12345");
  await new Promise((resolve) => socket.once("close", resolve).once("end", () => socket.end()));
  assert.match(answer, /^HTTP\/1\.1 401 [\s\S]*no$/);
  assert.doesNotMatch(answer, /100 Continue/);
});

const isServed = async (socket: Socket): Promise<boolean> => {
  const answer = new Promise<boolean>((resolve) => {
    socket.once("data", () => resolve(true));
    socket.once("close", () => resolve(false));
    socket.once("end", () => resolve(false));
  });
  socket.write(GET);
  return await answer;
};

/** Waits until the listener has so few connections. */
const left = async (listener: Listener, count: number): Promise<void> => {
  while (listener.stats().connections > count) await new Promise(setImmediate);
};

const bounds: readonly [string, (t: TestContext) => Promise<Listener>][] = [
  ["in all", (t) => start(t, { maxConnections: 3 })],
  ["of an address", (t) => start(t, { maxConnectionsPerAddress: 3 })],
];
for (const [title, listen] of bounds) {
  test(`as many connections ${title} as the limit says are served, one more is not, and one that leaves makes room`, async (t) => {
    const listener = await listen(t);
    const sockets: Socket[] = [];
    for (let count = 0; count < 3; count++) {
      const socket = tcp(t, listener);
      sockets.push(socket);
      assert.equal(await isServed(socket), true);
    }
    for (let round = 1; round <= 4; round++) {
      assert.equal(await isServed(tcp(t, listener)), false);
      assert.equal(listener.stats().refusedConnections, round);
      sockets.shift()?.destroy();
      await left(listener, 2);
      const next = tcp(t, listener);
      sockets.push(next);
      assert.equal(await isServed(next), true);
    }
    for (const socket of sockets) socket.destroy();
    await left(listener, 0);
    assert.deepEqual(
      [listener.stats().connections, listener.stats().http1, listener.stats().http2],
      [0, 0, 0],
    );
  });
}

test("HTTP/2 headers of exactly the limit are served, and of one byte more refused", async (t) => {
  const limit = 4_096;
  const listener = await start(t, { maxHeaderBytes: limit });
  const session = http2(t, listener);
  const { port } = listener;
  // Each pair counts 32 bytes more than its characters (RFC 9113, 6.5.2).
  const others = [
    ":method",
    "GET",
    ":scheme",
    "http",
    ":authority",
    `127.0.0.1:${port}`,
    ":path",
    "/",
    "x",
    "",
  ];
  const taken = others.join("").length + (others.length / 2) * 32;
  for (const [more, status] of [
    [-1, 200],
    [0, 200],
    [1, 431],
  ] as const) {
    assert.equal((await ask(session, { x: "y".repeat(limit - taken + more) })).status, status, `${more}`);
  }
});

test("a session without its SETTINGS is ended at the headers timeout, and not before", async (t) => {
  const headersTimeoutMs = 150;
  const listener = await start(t, { headersTimeoutMs });
  const socket = tcp(t, listener);
  socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const [began] = await once(socket, "data").then(() => [performance.now()]);
  await heard(socket);
  const tookMs = performance.now() - Number(began);
  assert.ok(tookMs >= headersTimeoutMs - 50 && tookMs < 5_000, `${tookMs} ms`);
});
