import assert from "node:assert/strict";
import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { test } from "node:test";
import { heard, say, start, tcp } from "./start.ts";

const CLOSE = "Connection: close\r\n";
const starts = channel("http.server.request.start");

test("headers that come too slowly are answered 408 and the connection closed", async (t) => {
  const listener = await start(t, { headersTimeoutMs: 40 });
  const answer = await say(t, listener, "GET / HTTP/1.1\r\nHost: x\r\nX-Never:");
  assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n[\s\S]*took more than 40 ms\n$/);
});

test("headers that come too slowly on a kept connection are noticed too", async (t) => {
  const listener = await start(t, { headersTimeoutMs: 40 });
  const socket = tcp(t, listener);
  socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  const [first] = await once(socket, "data");
  assert.match(String(first), /^HTTP\/1\.1 200 /);
  socket.write("GET / HTTP/1.1\r\nHost:");
  assert.match(await heard(socket), /HTTP\/1\.1 408 /);
});

test("a kept connection without a request is closed after the idle timeout", async (t) => {
  const listener = await start(t, { idleTimeoutMs: 40 });
  assert.match(await say(t, listener, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), /^HTTP\/1\.1 200 /);
});

const pairs = (count: number): string =>
  Array.from({ length: count }, (_, index) => `x-${index}: 1\r\n`).join("");

const answers: [string, string, RegExp][] = [
  ["64 header pairs", `GET / HTTP/1.1\r\nHost: x\r\n${CLOSE}${pairs(62)}\r\n`, /^HTTP\/1\.1 200 /],
  [
    "65 header pairs",
    `GET / HTTP/1.1\r\nHost: x\r\n${CLOSE}${pairs(63)}\r\n`,
    /^HTTP\/1\.1 431 [\s\S]*more than 64 request headers\n$/,
  ],
  ["the Host behind 64 others", `GET / HTTP/1.1\r\n${pairs(64)}Host: x\r\n\r\n`, /^HTTP\/1\.1 431 /],
  [
    "headers above the maximum of bytes",
    `GET / HTTP/1.1\r\nHost: x\r\nx: ${"y".repeat(20_000)}\r\n\r\n`,
    /^HTTP\/1\.1 431 [\s\S]*above 16384 bytes\n$/,
  ],
  ["Host: [", "GET / HTTP/1.1\r\nHost: [\r\n\r\n", /^HTTP\/1\.1 400 [\s\S]*not a host/],
  ["Host: a b", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", /^HTTP\/1\.1 400 [\s\S]*not a host/],
  ["an empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", /^HTTP\/1\.1 400 [\s\S]*not a host/],
  ["Host: x:99999", "GET / HTTP/1.1\r\nHost: x:99999\r\n\r\n", /^HTTP\/1\.1 400 [\s\S]*not a host/],
  ["Host: u@x", "GET / HTTP/1.1\r\nHost: u@x\r\n\r\n", /^HTTP\/1\.1 400 [\s\S]*not a host/],
  ["Host: 1.2.3.999", "GET / HTTP/1.1\r\nHost: 1.2.3.999\r\n\r\n", /^HTTP\/1\.1 400 [\s\S]*not a host/],
  ["two Hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", /^HTTP\/1\.1 400 [\s\S]*names no host/],
  ["no Host", "GET / HTTP/1.1\r\n\r\n", /^HTTP\/1\.1 400 [\s\S]*names no host/],
  ["HTTP/1.0 without a Host", "GET / HTTP/1.0\r\n\r\n", /^HTTP\/1\.1 200 [\s\S]*1 \/ /],
  [
    "HTTP/1.0 with two Hosts",
    "GET / HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n",
    /^HTTP\/1\.1 400 [\s\S]*names no host/,
  ],
  ["HTTP/1.0 with a Host", "GET / HTTP/1.0\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 200 /],
  ["OPTIONS *", `OPTIONS * HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`, /^HTTP\/1\.1 200 [\s\S]*1 \* /],
  ["GET *", "GET * HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 400 [\s\S]*single \/\n$/],
  ["a whole URL", `GET http://x/a?b HTTP/1.1\r\nHost: y\r\n${CLOSE}\r\n`, /^HTTP\/1\.1 200 [\s\S]*1 \/a\?b /],
  [
    "a URL in capitals",
    `GET HTTPS://X:1/a HTTP/1.1\r\nHost: y\r\n${CLOSE}\r\n`,
    /^HTTP\/1\.1 200 [\s\S]*1 \/a /,
  ],
  [
    "a URL without a path",
    `GET http://x HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`,
    /^HTTP\/1\.1 200 [\s\S]*1 \/ /,
  ],
  [
    "a URL with a query alone",
    `GET http://x?a HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`,
    /^HTTP\/1\.1 200 [\s\S]*1 \/\?a /,
  ],
  [
    "OPTIONS of a URL without a path",
    `OPTIONS http://x HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`,
    /^HTTP\/1\.1 200 [\s\S]*1 \* /,
  ],
  ["a URL over HTTP/1.0", "GET http://x/a HTTP/1.0\r\n\r\n", /^HTTP\/1\.1 200 [\s\S]*1 \/a /],
  [
    "a URL without a Host beside it",
    "GET http://x/ HTTP/1.1\r\n\r\n",
    /^HTTP\/1\.1 400 [\s\S]*names no host/,
  ],
  ["a URL with a user", "GET http://u@x/ HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 400 [\s\S]*not a host/],
  [
    "a URL of another scheme",
    "GET ftp://x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    /^HTTP\/1\.1 400 [\s\S]*single \/\n$/,
  ],
  ["a URL whose path begins an authority", "GET http://x//[ HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 400 /],
  ["a path that begins an authority", "GET //[ HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 400 /],
  [
    "a refused request with its body",
    "POST * HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
    /^HTTP\/1\.1 400 /,
  ],
  ["what is no HTTP", "\x16\x03\x01\x02\x00\x01\r\n\r\n", /^HTTP\/1\.1 400 /],
  [
    "a contradiction of lengths",
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n`,
    /400 /,
  ],
  ["CONNECT", "CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", /^HTTP\/1\.1 501 /],
  [
    "an upgrade",
    `GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: upgrade, close\r\n\r\n`,
    /^HTTP\/1\.1 200 /,
  ],
  ["an unknown expectation", `GET / HTTP/1.1\r\nHost: x\r\n${CLOSE}Expect: x\r\n\r\n`, /^HTTP\/1\.1 417 /],
];

test("each odd request has its answer, and the server goes on", async (t) => {
  const listener = await start(t);
  for (const [name, text, expected] of answers) {
    await t.test(name, async (t) => {
      assert.match(await say(t, listener, text), expected);
    });
  }
  assert.match(
    await say(t, listener, `GET / HTTP/1.1\r\nHost: [::1]:80\r\n${CLOSE}\r\n`),
    /^HTTP\/1\.1 200 /,
  );
});

test("the 100 of an expected continue waits until the body is read", async (t) => {
  const listener = await start(
    t,
    {},
    {
      async onRequest(request, response) {
        if (request.url === "/refused") {
          response.writeHead(401, { connection: "close" }).end();
          return;
        }
        let body = "";
        for await (const chunk of request) body += chunk;
        response.setHeader("connection", "close");
        response.end(body);
      },
    },
  );
  const head = "HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
  assert.match(await say(t, listener, `POST /refused ${head}`), /^HTTP\/1\.1 401 /);
  assert.match(await say(t, listener, `POST * ${head}`), /^HTTP\/1\.1 400 /);
  const old = "HTTP/1.0\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc";
  assert.match(await say(t, listener, `POST /old ${old}`), /^HTTP\/1\.1 200 [\s\S]*abc/);
  const socket = tcp(t, listener);
  socket.write(`POST /taken ${head}`);
  const [first] = await once(socket, "data");
  assert.equal(String(first), "HTTP/1.1 100 Continue\r\n\r\n");
  socket.write("abc");
  assert.match(await heard(socket), /^HTTP\/1\.1 200 [\s\S]*abc/);
});

test("a handler that throws is reported, its request ends, and the server goes on", async (t) => {
  const errors: unknown[] = [];
  const thrown = new Error("from a handler");
  let fails = true;
  const listener = await start(
    t,
    {},
    {
      onRequest(_request, response) {
        if (fails) throw thrown;
        response.end("fine");
      },
      onError: (error) => errors.push(error),
    },
  );
  assert.equal(await say(t, listener, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "");
  fails = false;
  assert.match(await say(t, listener, `GET / HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`), /fine/);
  assert.deepEqual(errors, [thrown]);
});

test("an answer in the middle of an upload reaches its client, and what follows is dropped", async (t) => {
  const paths: (string | undefined)[] = [];
  const listener = await start(
    t,
    {},
    {
      onRequest(request, response) {
        paths.push(request.url);
        response.writeHead(413, { connection: "close" }).end("too much");
      },
    },
  );
  const socket = tcp(t, listener);
  socket.write("POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nbegun");
  const [first] = await once(socket, "data");
  // The rest of the upload, and a request behind it, come after the answer: neither resets the connection.
  socket.write(`${"x".repeat(95)}GET /second HTTP/1.1\r\nHost: x\r\n\r\n`);
  assert.equal(await heard(socket), "");
  assert.match(String(first), /^HTTP\/1\.1 413 [\s\S]*too much/);
  assert.deepEqual(paths, ["/first"]);
});

test("an upload that goes on after its answer is dropped, and its connection kept for the next request", async (t) => {
  const listener = await start(t, {}, { onRequest: (request, response) => response.end(request.url) });
  const socket = tcp(t, listener);
  socket.write("POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf-");
  assert.match(String((await once(socket, "data"))[0]), /\/first$/);
  socket.write(`done!GET /second HTTP/1.1\r\nHost: x\r\n${CLOSE}\r\n`);
  assert.match(await heard(socket), /\/second$/);
});

test("an upload that stops after its answer loses its connection", async (t) => {
  const listener = await start(t, {}, { onRequest: (request, response) => response.end(request.url) });
  const socket = tcp(t, listener);
  socket.write("POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf-");
  await once(socket, "data");
  await heard(socket);
  assert.ok(socket.readableEnded || socket.destroyed);
});

for (const [what, isHeld] of [
  ["are answered at once", false],
  ["wait for their answers", true],
] as const)
  test(`so many pipelined requests as there may be streams are served when they ${what}, and no more`, async (t) => {
    const came: ServerResponse[] = [];
    const answer = (response: ServerResponse) => response.end(`answer ${response.req.url}\n`);
    const handlers = {
      onRequest(_request: IncomingMessage, response: ServerResponse) {
        came.push(response);
        if (!isHeld) answer(response);
        else if (came.length === 4) for (const each of came) answer(each);
      },
    };
    const listener = await start(t, { maxConcurrentStreams: 4 }, handlers);
    const request = (count: number) => `GET /${count} HTTP/1.1\r\nHost: x\r\n\r\n`;
    const many = (count: number) => Array.from({ length: count }, (_, at) => request(at + 1)).join("");
    let parsed = 0;
    const count = () => parsed++;
    starts.subscribe(count);
    t.after(() => starts.unsubscribe(count));
    const told = await say(t, listener, many(50_000));
    assert.equal(came.length, 4);
    // As many as one read has: 64 KiB.
    assert.ok(parsed < 5_000, `${parsed} requests were taken apart`);
    assert.deepEqual(told.match(/Connection: [\w-]+/g), [
      ...Array(3).fill("Connection: keep-alive"),
      "Connection: close",
    ]);
    assert.deepEqual(told.match(/answer .*/g), ["answer /1", "answer /2", "answer /3", "answer /4"]);
    came.length = 0;
    const kept = tcp(t, listener);
    for (const [from, bytes] of [
      ["3", many(3)],
      ["9", request(9)],
    ] as const) {
      kept.write(bytes);
      if (isHeld) {
        while (came.at(-1)?.req.url !== `/${from}`) await new Promise(setImmediate);
        for (const each of came.splice(0)) answer(each);
      }
      let text = "";
      while (!text.includes(`answer /${from}`)) text += String((await once(kept, "data"))[0]);
      assert.doesNotMatch(text, /close/);
    }
  });
