import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, ConnectError } from "@connectrpc/connect";
import { offload } from "../../../src/runrpc/threads/offload.ts";
import { threaded } from "../../../src/runrpc/threads/threaded.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";

const module = new URL("./handlers/heavy.ts", import.meta.url);
type Heavy = typeof import("./handlers/heavy.ts");

describe("functions of a module in threads", () => {
  it("they give what they give here, and do so in another thread", async () => {
    await using heavy = offload<Heavy>(module, { threads: 1 });
    assert.equal(await heavy.sum([1, 2, 3]), 6);
    assert.notEqual(await heavy.thread(undefined), 0);
  });

  it("errors keep their name, message and fields; a ConnectError its code", async () => {
    await using heavy = offload<Heavy>(module, { threads: 1 });
    await assert.rejects(heavy.fails("range"), { name: "RangeError", message: "too far", code: "E_FAR" });
    await assert.rejects(heavy.fails("connect"), { code: Code.NotFound, rawMessage: "nothing there" });
    await assert.rejects((heavy as unknown as { none(input: unknown): Promise<unknown> }).none(1), {
      message: /exports no function none/,
    });
  });

  it("what cannot be cloned fails its own call, there and back", async () => {
    await using heavy = offload<Heavy>(module, { threads: 1 });
    const thread = await heavy.thread(undefined);
    const [given, gave, sum] = await Promise.allSettled([
      heavy.same(() => 1),
      heavy.wrapped(undefined),
      heavy.sum([1, 2]),
    ]);
    assert.match(String(given.status === "rejected" && given.reason), /cannot be sent to a thread: .*cloned/);
    assert.match(String(gave.status === "rejected" && gave.reason), /cannot be sent from a thread: .*cloned/);
    assert.deepEqual(sum, { status: "fulfilled", value: 3 });
    assert.equal(await heavy.thread(undefined), thread);
  });

  it("what waits behind a call that cannot be sent is sent", { timeout: 60_000 }, async () => {
    await using heavy = offload<Heavy>(module, { threads: 1 });
    await heavy.thread(undefined);
    const unsendable = heavy.same(() => 1);
    // A thread that has said nothing for a while gets no call ahead.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    const [, sum] = await Promise.allSettled([unsendable, heavy.sum([1, 2])]);
    assert.deepEqual(sum, { status: "fulfilled", value: 3 });
  });

  it("a loop that looks at its signal ends, and its thread goes on; one that does not is ended", async () => {
    await using heavy = offload<Heavy>(module, { threads: 1, graceMs: 60_000 });
    const thread = await heavy.thread(undefined);
    const reason = new Error("enough");
    await assert.rejects(heavy.polls(undefined, { signal: abortedSoon(reason) }), reason);
    assert.equal(await heavy.thread(undefined), thread);
    await using deaf = offload<Heavy>(module, { threads: 1, graceMs: 10 });
    const before = await deaf.thread(undefined);
    await assert.rejects(deaf.spins(undefined, { signal: abortedSoon(reason) }), reason);
    assert.notEqual(await deaf.thread(undefined), before);
  });

  it("calls that wait are bounded, and those that wait end when it is closed", async () => {
    const heavy = offload<Heavy>(module, { threads: 1, maxQueued: 1 });
    await heavy.thread(undefined);
    const runs = heavy.spins(undefined);
    const waits = heavy.spins(undefined);
    await assert.rejects(heavy.spins(undefined), { code: Code.ResourceExhausted });
    const ends = Promise.allSettled([runs, waits]);
    await heavy[Symbol.asyncDispose]();
    for (const result of await ends) {
      assert.equal(result.status, "rejected");
      assert.equal(
        ConnectError.from(result.status === "rejected" ? result.reason : "").code,
        Code.Unavailable,
      );
    }
  });
});

it("an option out of its range is named, with what it takes", () => {
  for (const [options, text] of [
    [{ threads: 0 }, /^threads is 0; it takes a whole number from 1 to 256$/],
    [{ maxQueued: -1 }, /^maxQueued is -1; it takes a whole number from 0/],
    [{ graceMs: 1.5 }, /^graceMs is 1\.5; it takes a whole number from 0/],
  ] as const)
    assert.throws(() => offload(module, options), { name: "RangeError", message: text });
});

it("an option that there is not is named, with the one that was meant", () => {
  const misspelt: object = { thread: 2 };
  assert.throws(() => offload(module, misspelt), {
    message: "thread is not an option of offload; did you mean threads?",
  });
  assert.throws(() => threaded(UserService, module, misspelt), {
    message: "thread is not an option of threaded; did you mean threads?",
  });
});

function abortedSoon(reason: Error): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 50);
  return controller.signal;
}
