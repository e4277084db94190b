import assert from "node:assert/strict";
import { once } from "node:events";
import { constants } from "node:http2";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { createCompat } from "../../../../src/runrpc/server/listener/compat.ts";
import { http2, start } from "./start.ts";

test("a stream becomes a request with its body and a response with its trailers", async (t) => {
  const onStream = createCompat(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    response.writeHead(200, { "x-raw": request.rawHeaders.includes("x-sent") ? "seen" : "missing" });
    response.write(
      `${request.method} ${request.url} ${request.authority} ${request.socket.remoteAddress} ${body}`,
    );
    response.addTrailers({ "grpc-status": "0" });
    response.end();
  });
  const listener = await start(t, {}, { onStream });
  const stream = http2(t, listener).request({ ":method": "POST", ":path": "/a", "x-sent": "1" });
  stream.setEncoding("utf8");
  stream.write("one ");
  const response = once(stream, "response");
  const trailers = once(stream, "trailers");
  stream.end("two");
  const answered = await text(stream);
  assert.equal((await response)[0]["x-raw"], "seen");
  assert.equal(answered, `POST /a 127.0.0.1:${listener.port} 127.0.0.1 one two`);
  assert.equal((await trailers)[0]["grpc-status"], "0");
});

test("a client that resets its stream closes the request and the response", async (t) => {
  const { promise: closed, resolve } = Promise.withResolvers<number | undefined>();
  const listener = await start(
    t,
    {},
    {
      onStream: createCompat((request, response) => {
        request.once("close", () => response.once("close", () => resolve(request.stream.rstCode)));
        response.writeHead(200);
        response.write("begun");
      }),
    },
  );
  const stream = http2(t, listener).request({ ":method": "POST", ":path": "/" });
  stream.on("error", () => {});
  await once(stream, "response");
  stream.close(constants.NGHTTP2_CANCEL);
  assert.equal(await closed, constants.NGHTTP2_CANCEL);
});

test("a body that ended before the stream was handed on is read to its end", async (t) => {
  const listener = await start(
    t,
    {},
    {
      onStream: createCompat((request, response) => {
        request.resume().once("end", () => response.end("ended"));
      }),
    },
  );
  const stream = http2(t, listener).request({ ":method": "POST", ":path": "/" });
  stream.end(); // an empty DATA frame behind the headers, in the same packet
  assert.equal(await text(stream), "ended");
});
