import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { defineApp } from "../../../src/runrpc/app/define-app.ts";
import { createTestClock, startMemoryApp, startTestApp } from "../../../src/runrpc/testing.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { partOfService } from "../../part-of-service.ts";

const hourMs = 3_600_000;
const id = "00000000-0000-4000-8000-000000000001";
const definition = defineApp({
  services: () => [
    partOfService(UserService, {
      getUser: () => ({ user: { id, displayName: new Date().toISOString() } }),
      async *streamUsers(_request, { signal }) {
        yield {};
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
      },
    }),
  ],
});

const isUnauthenticated = (error: unknown) => ConnectError.from(error).code === Code.Unauthenticated;

for (const start of [startMemoryApp, startTestApp])
  describe(start.name, () => {
    it("a key expires when the clock is moved past its time, and not before", async () => {
      await using app = await start(definition);
      using clock = createTestClock();
      const key = await app.createKey({ expiresAt: new Date(Date.now() + hourMs) });
      const client = app.client(UserService, { key });
      await client.getUser({ id });
      clock.advance(hourMs - 60_000);
      await client.getUser({ id });
      clock.advance(60_000);
      await assert.rejects(client.getUser({ id }), isUnauthenticated);
    });

    it("a handler has the same time", async () => {
      await using app = await start(definition);
      using clock = createTestClock();
      clock.advance(1_000 * hourMs);
      const before = Date.now();
      const { user } = await app.client(UserService).getUser({ id });
      const told = Date.parse(user?.displayName ?? "");
      assert.ok(told >= before && told <= Date.now());
    });
  });

test("an open stream ends, and its record has the time of the clock", async () => {
  await using app = await startTestApp(definition);
  using clock = createTestClock();
  const key = await app.createKey({ expiresAt: new Date(Date.now() + hourMs) });
  const stream = app.client(UserService, { key }).streamUsers({})[Symbol.asyncIterator]();
  await stream.next();
  clock.advance(hourMs);
  await assert.rejects(stream.next(), isUnauthenticated);
  const { cancelledBy, startedAt, durationMs } = await app.nextRecord();
  assert.equal(cancelledBy, "key");
  assert.ok(Math.abs(startedAt.getTime() + durationMs - Date.now()) < hourMs / 2);
});

test("dates are dates whichever clock made them, and there is one moved clock at a time", () => {
  const real = Date;
  const early = new Date();
  {
    using clock = createTestClock();
    clock.advance(-hourMs);
    const moved = new Date();
    assert.ok(early instanceof Date && moved instanceof real && moved instanceof Date);
    assert.equal(moved.constructor, real);
    assert.ok(moved < early && new Date(7).getTime() === 7 && Date.UTC(1970, 0) === 0);
    class Own extends Date {}
    assert.ok(new Own() < early && new Own() instanceof Own);
    assert.throws(createTestClock, /already/);
  }
  assert.equal(Date, real);
});
