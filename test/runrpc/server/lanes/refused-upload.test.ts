import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, type IncomingHttpHeaders } from "node:http2";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { type TestContext, test } from "node:test";
import type { CallRecord } from "../../../../src/runrpc/server/call/record.ts";
import { type Server, startServer } from "../../../../src/runrpc/server/server.ts";
import { LIMITS } from "./differential/breakages.ts";
import { scriptedService } from "./differential/service.ts";

// An upload that is refused before it has ended: its client has the answer, and is told to stop.

const PATH = "/connectrpc.conformance.v1.ConformanceService/ClientStream";
/** The head of a message that is above the limit. The message itself never comes. */
const TOO_LARGE = Buffer.from([0, 0, 0, 0xff, 0xff]);

const PROTOCOLS = [
  ["application/connect+proto", /resource_exhausted/],
  ["application/grpc", /grpc-status: 8/],
  ["application/grpc-web", /grpc-status: 8/],
] as const;

for (const lane of ["stock", "auto"]) {
  for (const [contentType, answer] of PROTOCOLS) {
    test(`lane ${lane}, HTTP/2, ${contentType}: the stream ends without an error after the answer`, async (t) => {
      const { server, recorded } = await start(t, lane);
      const session = connectHttp2(`http://127.0.0.1:${server.port}`);
      t.after(() => session.destroy());
      const stream = session.request(
        { ":method": "POST", ":path": PATH, "content-type": contentType, te: "trailers" },
        { endStream: false },
      );
      let ending = "";
      const told = (headers: IncomingHttpHeaders): void => {
        if ("grpc-status" in headers) ending = `grpc-status: ${headers["grpc-status"]}`;
      };
      stream.on("response", told).on("trailers", told);
      stream.write(TOO_LARGE);
      const closed = once(stream, "close");
      assert.match((await text(stream)) + ending, answer);
      await closed;
      assert.equal(stream.rstCode, 0);
      assert.equal((await recorded).code, "resource_exhausted");
    });
  }

  test(`lane ${lane}, HTTP/1.1: the connection closes after the answer, and is read until then`, async (t) => {
    const { server, recorded } = await start(t, lane);
    const socket = connect(server.port, "127.0.0.1");
    t.after(() => socket.destroy());
    socket.write(
      `POST ${PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/connect+proto\r\nTransfer-Encoding: chunked\r\n\r\n`,
    );
    const chunk = Buffer.concat([Buffer.from("5\r\n"), TOO_LARGE, Buffer.from("\r\n")]);
    socket.write(chunk);
    const [head] = await once(socket, "data");
    // More than a socket buffers: a connection that was closed over it would be reset, and the write fail.
    for (let sent = 0; sent < 200; sent++) socket.write(`4000\r\n${"x".repeat(0x4000)}\r\n`);
    const rest = await text(socket);
    assert.match(String(head) + rest, /^HTTP\/1\.1 200 [\s\S]*connection: close[\s\S]*resource_exhausted/i);
    assert.equal((await recorded).code, "resource_exhausted");
  });
}

async function start(
  t: TestContext,
  lane: string,
): Promise<{ server: Server; recorded: Promise<CallRecord> }> {
  const { promise: recorded, resolve } = Promise.withResolvers<CallRecord>();
  const server = await startServer({
    keys: "open",
    services: [scriptedService],
    server: { host: "127.0.0.1", port: 0, lane },
    limits: LIMITS,
    timeouts: { drainTimeoutMs: 0 },
    onRecord: resolve,
  });
  t.after(() => server.drain());
  return { server, recorded };
}
