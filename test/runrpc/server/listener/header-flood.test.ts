import assert from "node:assert/strict";
import { once } from "node:events";
import { constants } from "node:http2";
import { test } from "node:test";
import { HeaderFlood } from "../../../../src/runrpc/server/listener/header-flood.ts";
import { ask, http2, start } from "./start.ts";

/** Above the limit of bytes, and below what node:http2 resets by itself. */
const TOO_LARGE = { "x-large": "x".repeat(20_000) };

test("a session may send a hundred header lists above the limits at once, and ten each second", () => {
  const flood = new HeaderFlood();
  const sent = (count: number, nowMs: number) =>
    Array.from({ length: count }, () => flood.isFlood(nowMs)).indexOf(true);
  assert.equal(sent(101, 1_000), 100);
  const other = new HeaderFlood();
  for (let count = 0; count < 100; count++) assert.equal(other.isFlood(0), false);
  assert.equal(other.isFlood(100), false);
  assert.equal(other.isFlood(199), true);
});

test("a flood of header lists above the limit ends its session with ENHANCE_YOUR_CALM, and no other", async (t) => {
  let calls = 0;
  const listener = await start(t, {}, { onStream: () => void calls++ });
  const other = http2(t, listener);
  const session = http2(t, listener, { maxOutstandingPings: 100 });
  await once(session, "remoteSettings");
  let code: number | undefined;
  session.once("goaway", (given) => {
    code = given;
  });
  let refused = 0;
  while (code === undefined) {
    const answers = await Promise.allSettled(Array.from({ length: 20 }, () => ask(session, TOO_LARGE)));
    refused += answers.filter(
      (answer) => answer.status === "fulfilled" && answer.value.status === 431,
    ).length;
    await new Promise(setImmediate);
  }
  assert.equal(code, constants.NGHTTP2_ENHANCE_YOUR_CALM);
  assert.ok(refused >= 60 && refused <= 200, `${refused} were answered`);
  assert.equal(calls, 0);
  assert.equal((await ask(other, TOO_LARGE)).status, 431);
});

test("one that sends such a list now and then is answered each time", async (t) => {
  const listener = await start(t);
  const session = http2(t, listener);
  for (let count = 0; count < 50; count++) assert.equal((await ask(session, TOO_LARGE)).status, 431);
  assert.equal((await ask(session)).status, 200);
});
