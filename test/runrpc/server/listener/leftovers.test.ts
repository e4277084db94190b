import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { start, tcp } from "./start.ts";

// What a connection or a request leaves behind once it has ended: nothing.

test("an address has room again for each of its connections that has gone", async (t) => {
  const listener = await start(t, { maxConnectionsPerAddress: 2 });
  for (let round = 0; round < 3; round++) {
    const sockets = [tcp(t, listener), tcp(t, listener)];
    for (const socket of sockets) {
      socket.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      const [answer = "refused"] = await Promise.race([once(socket, "data"), once(socket, "end")]);
      assert.match(String(answer), /^HTTP\/1.1 200 /);
    }
    for (const socket of sockets) socket.destroy();
    while (listener.stats().connections > 0) await new Promise(setImmediate);
  }
  assert.equal(listener.stats().refusedConnections, 0);
});

test("a request that comes after an answer that closed its connection is not served", async (t) => {
  const served: (string | undefined)[] = [];
  const listener = await start(
    t,
    {},
    {
      onRequest(request, response) {
        served.push(request.url);
        response.setHeader("connection", "close");
        response.end("answered");
      },
    },
  );
  const socket = tcp(t, listener);
  socket.write("GET /first HTTP/1.1\r\nHost: a\r\n\r\n");
  socket.resume();
  await once(socket, "end");
  // The server reads on for a moment, so that no TCP reset takes the answer away.
  socket.end("GET /second HTTP/1.1\r\nHost: a\r\n\r\n");
  await once(socket, "close");
  await new Promise(setImmediate);
  while (listener.stats().connections > 0) await new Promise(setImmediate);
  assert.deepEqual(served, ["/first"]);
});

test("no 100 comes in the middle of an answer that was begun before the body was read", async (t) => {
  const listener = await start(
    t,
    {},
    {
      onRequest(request, response) {
        response.write("answered");
        request.resume().once("end", () => response.end());
      },
    },
  );
  const socket = tcp(t, listener);
  let said = "";
  socket.setEncoding("latin1").on("data", (text: string) => {
    said += text;
  });
  socket.write("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  while (!said.includes("answered")) await once(socket, "data");
  socket.end("{}");
  await once(socket, "close");
  assert.doesNotMatch(said, /100 Continue/);
  assert.ok(said.endsWith("\r\n0\r\n\r\n"), said); // and the body was read: a 100 that Node refuses would have ended that
});
