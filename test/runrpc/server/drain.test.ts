import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { describe, it } from "node:test";
import { type DrainOptions, drainServer } from "../../../src/runrpc/server/drain.ts";
import { resolveSettings } from "../../../src/runrpc/server/settings.ts";
import { open, seen, serve } from "./lanes/fast/serve.ts";

const STREAM = "/rig.users.v1.UserService/StreamUsers";
const WATCH = "/grpc.health.v1.Health/Watch";
const EMPTY = Buffer.alloc(5);

describe("timeouts.drain_delay_ms", () => {
  it("is 5,000 in production and 0 elsewhere, unless it is given", () => {
    const delayOf = (timeouts: { drainDelayMs?: number }, production: boolean) =>
      resolveSettings({ timeouts }, production).timeouts.drainDelayMs;
    assert.deepEqual([delayOf({}, true), delayOf({}, false)], [5_000, 0]);
    assert.deepEqual([delayOf({ drainDelayMs: 0 }, true), delayOf({ drainDelayMs: 7 }, true)], [0, 7]);
  });

  for (const lane of ["auto", "stock"]) {
    it(`lane ${lane}: until it is over only health says so, and all is served on old and new connections`, async (t) => {
      const delayMs = 400;
      const { server, session, baseUrl } = await serve(
        t,
        { users: { listUsers: () => ({}) } },
        { server: { host: "127.0.0.1", port: 0, lane }, timeouts: { drainDelayMs: delayMs } },
      );
      const list = () =>
        fetch(`${baseUrl}/rig.users.v1.UserService/ListUsers`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: "{}",
        });
      const watch = open(session, WATCH);
      watch.resume().end(EMPTY);
      await once(watch, "response");
      assert.equal((await list()).headers.get("connection"), "keep-alive");
      let goesAway = false;
      session.once("goaway", () => {
        goesAway = true;
      });
      const began = performance.now();
      const drained = server.drain();
      while (performance.now() < began + delayMs / 2) {
        assert.equal((await fetch(`${baseUrl}/readyz`)).status, 503);
        assert.equal((await fetch(`${baseUrl}/healthz`)).status, 200);
        const response = await list();
        assert.deepEqual([response.status, response.headers.get("connection")], [200, "close"]);
        const late = connect(baseUrl);
        const answer = seen(open(late, "/rig.users.v1.UserService/ListUsers").end(EMPTY));
        assert.equal((await answer).trailers["grpc-status"], "0");
        late.close();
      }
      assert.equal(goesAway, false);
      await drained;
      assert.equal(goesAway, true);
      assert.ok(performance.now() >= began + delayMs);
      await assert.rejects(fetch(`${baseUrl}/healthz`));
    });
  }

  it("a Watch that was opened in it does not hold up the drain", async (t) => {
    const { server, session } = await serve(
      t,
      {},
      { timeouts: { drainDelayMs: 200, drainTimeoutMs: 60_000 } },
    );
    const drained = server.drain();
    const watch = open(session, WATCH);
    const answer = seen(watch);
    watch.end(EMPTY);
    assert.equal((await answer).trailers["grpc-status"], "14");
    await drained;
  });
});

for (const lane of ["auto", "stock"]) {
  it(`lane ${lane}: a call that outlives its connection's age and grace ends with UNAVAILABLE, and so says its record`, async (t) => {
    const { session, baseUrl, nextRecord } = await serve(
      t,
      {
        users: {
          async *streamUsers(_request, { signal }) {
            yield {};
            await new Promise((resolve) => signal.addEventListener("abort", resolve));
          },
        },
      },
      {
        server: { host: "127.0.0.1", port: 0, lane },
        timeouts: { maxConnectionAgeMs: 50, maxConnectionAgeGraceMs: 50 },
      },
    );
    const stream = open(session, STREAM);
    const answer = seen(stream);
    stream.end(EMPTY);
    assert.equal((await answer).trailers["grpc-status"], "14");
    const { code, cancelledBy, error } = await nextRecord();
    assert.deepEqual([code, cancelledBy], ["unavailable", "shutdown"]);
    assert.match(error, /greatest age/);

    const response = await fetch(baseUrl + STREAM, {
      method: "POST",
      headers: { "content-type": "application/connect+json" },
      body: new Uint8Array([0, 0, 0, 0, 2, 0x7b, 0x7d]),
    });
    assert.match(await response.text(), /"code":"unavailable"/);
    assert.equal((await nextRecord()).code, "unavailable");
  });
}

describe("drainServer", () => {
  /** What takes part, noted in the order in which it is told something. */
  function setUp(changes: Partial<DrainOptions> = {}) {
    const said: string[] = [];
    const say = (what: string) => () => void said.push(what);
    const ended = Promise.withResolvers<void>();
    const options: DrainOptions = {
      health: { drain: say("health: not serving"), close: say("health: over") },
      listener: {
        retire: say("listener: retire"),
        drain() {
          said.push("listener: drain");
          return ended.promise;
        },
        destroy() {
          said.push("listener: destroy");
          ended.resolve();
        },
      },
      calls: {
        cancelAll: say("calls: cancel"),
        whenIdle: async () => void said.push("calls: idle"),
        flush: say("calls: flush"),
      },
      gate: { close: say("gate: close") },
      drainDelayMs: 0,
      drainTimeoutMs: 3_600_000,
      isReplaced: false,
      cutShort: new Promise(() => {}),
      ...changes,
    };
    return { said, ended, options };
  }

  const FIRST = ["health: not serving", "listener: retire"];
  const THEN = ["health: over", "listener: drain"];
  const LAST = ["gate: close", "calls: cancel", "calls: idle", "listener: destroy", "calls: flush"];

  it("refuses and cancels nothing while open calls have time, and leaves no timer when they need less", async () => {
    const { said, ended, options } = setUp();
    const drained = drainServer(options);
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    assert.deepEqual(said, [...FIRST, ...THEN]);
    ended.resolve();
    await drained;
    assert.deepEqual(said, [...FIRST, ...THEN, ...LAST]);
    assert.ok(!process.getActiveResourcesInfo().includes("Timeout"));
  });

  it("says nothing to balancers where another process takes its place", async () => {
    const { said, options } = setUp({ isReplaced: true, drainDelayMs: 3_600_000, drainTimeoutMs: 1 });
    await drainServer(options);
    assert.deepEqual(said, [...THEN, ...LAST]);
  });

  it("is cut short before its delay is over, and before its time is", async () => {
    const { said, options } = setUp({ drainDelayMs: 3_600_000, cutShort: Promise.resolve() });
    await drainServer(options);
    assert.deepEqual(said, [...FIRST, ...THEN, ...LAST]);
  });
});
