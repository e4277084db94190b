import assert from "node:assert/strict";
import { once } from "node:events";
import { constants, type ServerHttp2Stream } from "node:http2";
import { test } from "node:test";
import { spreadAgeMs } from "../../../../src/runrpc/server/listener/age.ts";
import { ask, heard, http2, start, tcp } from "./start.ts";

test("an age is within a tenth of what is asked for, and a timer takes it", () => {
  const ages = [0, 0.5, 1 - Number.EPSILON].map((random) => spreadAgeMs(1_000, () => random));
  assert.deepEqual(ages, [900, 1_000, 1_100]);
  assert.equal(
    spreadAgeMs(2 ** 31 - 1, () => 0.9),
    2 ** 31 - 1,
  );
});

test("HTTP/2: a connection goes away at its age, and every call on it and on the next ones is answered", async (t) => {
  const listener = await start(t, { maxConnectionAgeMs: 30 });
  for (let connections = 0; connections < 5; connections++) {
    const session = http2(t, listener);
    let goesAway = false;
    session.once("goaway", (code, lastStreamId) => {
      goesAway = true;
      assert.deepEqual([code, lastStreamId], [0, 2 ** 31 - 1]);
    });
    const closed = once(session, "close");
    while (!goesAway) {
      const { status, code } = await ask(session);
      // Node's client refuses by itself what it has not sent when it reads a GOAWAY.
      if (status !== 200) assert.deepEqual([goesAway, code], [true, constants.NGHTTP2_REFUSED_STREAM]);
    }
    await closed;
  }
  while (listener.stats().connections > 0) await new Promise(setImmediate);
});

test("HTTP/1.1: a connection ends with the first answer after its age, and without one if it is idle", async (t) => {
  const listener = await start(t, { maxConnectionAgeMs: 30 });
  const busy = tcp(t, listener);
  let answers = "";
  busy.setEncoding("latin1");
  while (!answers.includes("Connection: close")) {
    busy.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const [answer] = await once(busy, "data");
    assert.match(answer, /^HTTP\/1\.1 200 OK/);
    answers += answer;
  }
  assert.match(answers, /Connection: keep-alive/);
  await once(busy, "end");
  const idle = tcp(t, listener);
  idle.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  assert.match(await heard(idle), /^HTTP\/1\.1 200 OK/);
});

test("what is open goes on without a grace, and a connection without an age stays", async (t) => {
  const streams: ServerHttp2Stream[] = [];
  const onStream = (stream: ServerHttp2Stream) => void streams.push(stream);
  const aged = await start(t, { maxConnectionAgeMs: 20, firstByteTimeoutMs: 50 }, { onStream });
  const session = http2(t, aged);
  const answer = ask(session);
  await once(session, "goaway");
  const ageless = http2(t, await start(t));
  await heard(tcp(t, aged)); // ends later than the first one, with the time for its first byte
  streams[0]?.respond({ ":status": 200 });
  streams[0]?.end("late");
  assert.deepEqual(await answer, { status: 200, text: "late", code: 0 });
  assert.equal((await ask(ageless)).status, 200);
});

test("what is open when the grace is over is handed to be cut, and its connection is destroyed a second later", async (t) => {
  const streams: ServerHttp2Stream[] = [];
  const cut: unknown[] = [];
  const listener = await start(
    t,
    { maxConnectionAgeMs: 20, maxConnectionAgeGraceMs: 50 },
    {
      onStream: (stream) => void streams.push(stream),
      onCut: (request) => void cut.push(request),
    },
  );
  const session = http2(t, listener);
  const ended = ask(session);
  const answered = ask(session);
  const goaway = once(session, "goaway");
  while (streams.length < 2) await new Promise(setImmediate);
  streams[1]?.respond({ ":status": 200 }, { endStream: true });
  assert.equal((await answered).status, 200);
  await goaway;
  assert.equal((await ended).status, 0);
  assert.deepEqual(cut, [streams[0]]);
  while (listener.stats().connections > 0) await new Promise(setImmediate);
});
