import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import { serve } from "./serve.ts";

const WAITS = "00000000-0000-4000-8000-000000000000";

describe("a thread that runs out of memory", () => {
  it("ends its own call with RESOURCE_EXHAUSTED, a call in another thread goes on, and those that come are served", async (t) => {
    const { users, server } = await serve(t, { only: "users", threads: 2, heapMb: 48, maxQueued: 1_000 });
    const leave = new AbortController();
    const waits = users.getUser({ id: WAITS }, { signal: leave.signal }).then(
      () => assert.fail("a call that waits for ever was answered"),
      (reason: unknown) => ConnectError.from(reason).code,
    );
    while (server.stats().calls.open < 1) await delay(1);
    for (let round = 0; round < 2; round++) {
      // The thread that waits with them is given to others: they were not its cause.
      const [hoards, ...others] = await Promise.allSettled([
        users.listUsers({ pageToken: "hoards" }),
        ...Array.from({ length: 20 }, () => users.listUsers({ pageToken: "thread" })),
      ]);
      const error = ConnectError.from(hoards.status === "rejected" ? hoards.reason : "it was answered");
      assert.equal(error.code, Code.ResourceExhausted);
      assert.match(error.rawMessage, /needs more memory than its thread has, 48 MB/);
      for (const { status } of others) assert.equal(status, "fulfilled");
    }
    leave.abort();
    assert.equal(await waits, Code.Canceled);
  });
});

describe("a thread that ends", () => {
  it("and again and again: calls find another one, or are told why there is none", async (t) => {
    const { users } = await serve(t, { only: "users", threads: 1 });
    const seen = new Set<string>();
    for (let round = 0; round < 4; round++) {
      const ends = await users.listUsers({ pageToken: "exits" }).catch((reason: unknown) => reason);
      assert.equal(ConnectError.from(ends).code, Code.Unavailable);
      const { users: shown } = await users.listUsers({ pageToken: "thread" });
      seen.add(shown[0]?.displayName ?? "");
    }
    assert.equal(seen.size, 4);
  });
});
