import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { frame, GET, GOAWAY, PREFACE, parse, request, reset, SETTINGS } from "./frames.ts";
import { ask, http2, start, tcp } from "./start.ts";

test("the limits are announced, with room for an answer to larger headers", async (t) => {
  const session = http2(t, await start(t, { maxConcurrentStreams: 7, maxHeaderBytes: 1_000 }));
  const [settings] = await once(session, "remoteSettings");
  assert.equal(settings.maxConcurrentStreams, 7);
  assert.equal(settings.maxHeaderListSize, 2_000);
});

const pairs = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, "1"]));

test("64 header pairs pass and 65 are answered 431", async (t) => {
  const session = http2(t, await start(t));
  assert.equal((await ask(session, pairs(60))).status, 200); // four more begin with a colon
  assert.deepEqual(await ask(session, pairs(61)), {
    status: 431,
    text: "more than 64 request headers\n",
    code: 0,
  });
});

test("headers above the maximum of bytes are answered 431, also in the middle of an upload", async (t) => {
  const listener = await start(t, { maxHeaderBytes: 2_000 });
  const session = http2(t, listener);
  const { status, text } = await ask(session, { "x-long": "y".repeat(3_000) });
  assert.equal(status, 431);
  assert.match(text, /^request headers of \d+ bytes are above the maximum of 2000\n$/);
  const upload = session.request({ ":path": "/", ":method": "POST", "x-long": "y".repeat(3_000) });
  const [response] = await once(upload, "response");
  assert.equal(response[":status"], 431);
  upload.resume();
  await once(upload, "close"); // the client never ended its side
  assert.equal((await ask(session)).status, 200);
  assert.equal(listener.stats().refusedRequests, 2);
});

test("headers far above the maximum end their stream alone", async (t) => {
  const session = http2(t, await start(t, { maxHeaderBytes: 2_000 }));
  assert.equal((await ask(session)).status, 200); // the settings are acknowledged by then
  assert.deepEqual(await ask(session, { "x-long": "y".repeat(10_000) }), { status: 0, text: "", code: 11 });
  assert.equal((await ask(session)).status, 200);
});

test("each broken authority or path is refused, and the server goes on", async (t) => {
  const listener = await start(t);
  const without = GET.filter(([name]) => name !== ":authority");
  const lists: [string, readonly (readonly [string, string])[]][] = [
    ...["[", "a b", "", "x:99999", "u@x", "x/y"].map(
      (value): [string, readonly (readonly [string, string])[]] => [
        `:authority ${JSON.stringify(value)}`,
        [...without, [":authority", value]],
      ],
    ),
    ["no :authority", without],
    ["Host: [ and no :authority", [...without, ["host", "["]]],
    ["the path *", [...GET.filter(([name]) => name !== ":path"), [":path", "*"]]],
    ["the path //[", [...GET.filter(([name]) => name !== ":path"), [":path", "//["]]],
    [
      "CONNECT",
      [
        [":method", "CONNECT"],
        [":authority", "x:1"],
      ],
    ],
  ];
  for (const [name, fields] of lists) {
    await t.test(name, async (t) => {
      const socket = tcp(t, listener);
      socket.write(Buffer.concat([PREFACE, SETTINGS, request(1, fields)]));
      let answer: ReturnType<typeof parse>[number] | undefined;
      let bytes = Buffer.alloc(0);
      for await (const chunk of socket) {
        bytes = Buffer.concat([bytes, chunk]);
        answer = parse(bytes).find(({ streamId }) => streamId === 1);
        if (answer !== undefined) break;
      }
      // 0x8c is ":status: 400" in HPACK's static table; nghttp2 resets some of these (type 3) before anyone sees them.
      assert.ok(
        answer?.type === 3 || (answer?.type === 1 && answer.payload[0] === 0x8c),
        JSON.stringify(answer),
      );
    });
  }
  assert.equal((await ask(http2(t, listener))).status, 200);
});

test("a Host header stands in for :authority", async (t) => {
  const session = http2(t, await start(t));
  assert.equal((await ask(session, { ":authority": undefined, host: "localhost:1" })).status, 200);
});

test("streams above the announced limit are refused by the protocol", async (t) => {
  const listener = await start(t, { maxConcurrentStreams: 2 }, { onStream() {} });
  const socket = tcp(t, listener);
  socket.write(Buffer.concat([PREFACE, SETTINGS, ...[1, 3, 5].map((id) => request(id, GET))]));
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk]);
    if (parse(bytes).some(({ type, streamId }) => type === 3 && streamId === 5)) return;
  }
  assert.fail("the connection ended");
});

test("streams that are reset at once are dropped, and the server goes on", async (t) => {
  let calls = 0;
  const listener = await start(
    t,
    {},
    {
      onStream(stream) {
        calls++;
        stream.respond({ ":status": 200 });
        stream.end();
      },
    },
  );
  const socket = tcp(t, listener);
  const attack: Buffer[] = [PREFACE, SETTINGS];
  for (let id = 1; id < 1_000; id += 2) attack.push(request(id, GET), reset(id));
  socket.write(Buffer.concat([...attack, request(1_001, GET)]));
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk]);
    if (parse(bytes).some(({ type, streamId }) => type === 1 && streamId === 1_001)) break;
  }
  assert.equal(calls, 1);
  assert.equal(listener.stats().resetStreams, 500);
  assert.equal((await ask(http2(t, listener))).status, 200);
});

test("a connection that goes on resetting streams is ended with GOAWAY", async (t) => {
  const listener = await start(t);
  const socket = tcp(t, listener);
  const attack: Buffer[] = [PREFACE, SETTINGS];
  for (let id = 1; id < 6_000; id += 2) attack.push(request(id, GET), reset(id));
  socket.write(Buffer.concat(attack));
  const bytes: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => bytes.push(chunk));
  await once(socket, "end");
  assert.ok(parse(Buffer.concat(bytes)).some(({ type }) => type === GOAWAY));
  assert.equal((await ask(http2(t, listener))).status, 200);
});

test("an idle connection is ended with GOAWAY(NO_ERROR), one with an open stream is not", async (t) => {
  const { promise: opened, resolve: open } = Promise.withResolvers<() => void>();
  const listener = await start(
    t,
    { idleTimeoutMs: 30 },
    {
      onStream(stream) {
        stream.respond({ ":status": 200 });
        open(() => stream.end("late"));
      },
    },
  );
  const busy = http2(t, listener);
  const answer = ask(busy);
  const finish = await opened;
  const idle = http2(t, listener);
  const [code] = await once(idle, "goaway");
  assert.equal(code, 0);
  await once(idle, "close");
  assert.equal(busy.closed, false);
  finish();
  assert.equal((await answer).text, "late");
  await once(busy, "close");
});

test("a peer that leaves a ping unanswered loses its connection", async (t) => {
  const listener = await start(t, { pingIntervalMs: 20, pingTimeoutMs: 20 });
  const socket = tcp(t, listener);
  socket.write(Buffer.concat([PREFACE, SETTINGS]));
  const bytes: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => bytes.push(chunk));
  await once(socket, "end");
  assert.ok(parse(Buffer.concat(bytes)).some(({ type, flags }) => type === 6 && flags === 0));
});

test("pings leave nothing behind on their session", async (t) => {
  const warnings: Error[] = [];
  const warn = (warning: Error) => warnings.push(warning);
  process.on("warning", warn);
  t.after(() => process.off("warning", warn));
  // The time of the first one is over before the last one comes.
  const listener = await start(t, { pingIntervalMs: 50, pingTimeoutMs: 500 });
  const session = http2(t, listener);
  const closed = once(session, "close");
  // Node warns of the eleventh listener of one event.
  for (let pings = 0; pings < 14; pings++) await Promise.race([once(session, "ping"), closed]);
  assert.equal(session.destroyed, false);
  assert.deepEqual(warnings, []);
  assert.equal((await ask(session)).status, 200);
});

test("a peer that answers its pings keeps its connection", async (t) => {
  const listener = await start(t, { pingIntervalMs: 10, pingTimeoutMs: 5_000 });
  const session = http2(t, listener);
  for (let pings = 0; pings < 5; pings++) await once(session, "ping");
  assert.equal((await ask(session)).status, 200);
});

test("frames that break the protocol end their connection alone", async (t) => {
  const listener = await start(t);
  for (const bad of [
    frame(0, 0, 1, Buffer.from("x")),
    frame(8, 0, 0, Buffer.alloc(4)),
    Buffer.from("GET / HTTP/1.1"),
  ]) {
    const socket = tcp(t, listener);
    socket.resume();
    socket.write(Buffer.concat([PREFACE, bad]));
    socket.once("end", () => socket.end());
    await once(socket, "close");
  }
  assert.equal((await ask(http2(t, listener))).status, 200);
});

test("a handler that throws is reported, its stream ends, and the others of its batch are served", async (t) => {
  const errors: unknown[] = [];
  const thrown = new Error("from a handler");
  const listener = await start(
    t,
    {},
    {
      onStream(stream, headers) {
        if (headers[":path"] === "/bad") throw thrown;
        stream.respond({ ":status": 204 }, { endStream: true });
      },
      onError: (error) => errors.push(error),
    },
  );
  const session = http2(t, listener);
  const [bad, good] = await Promise.all([ask(session, { ":path": "/bad" }), ask(session)]);
  assert.deepEqual(bad, { status: 0, text: "", code: 2 });
  assert.equal(good.status, 204);
  assert.deepEqual(errors, [thrown]);
});
