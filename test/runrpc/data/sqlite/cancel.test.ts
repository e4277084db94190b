import assert from "node:assert/strict";
import { test } from "node:test";
import { besideGate, codeOf, createGate, openTestStore, turn } from "../fixture/open.ts";

test("a cancelled write that waits never runs, whether it has been sent or not", async (t) => {
  const { gate, open } = createGate(t);
  const { queries } = await openTestStore(t);
  const reason = new Error("gone");
  const controller = new AbortController();
  const { signal } = controller;
  const running = queries.items.insertAtGate({ name: "slow", gate });
  await turn();
  const sent = queries.items.insertName("sent", { signal });
  await turn();
  const queued = queries.items.insertName("queued", { signal });
  const background = queries.items.insertName("background", { signal, background: true });
  await turn();
  controller.abort(reason);
  for (const write of [sent, queued, background]) await assert.rejects(write, reason);
  open();
  await running;
  await queries.items.insertName("last");
  assert.deepStrictEqual(await queries.items.listNames(), ["slow", "last"]);
});

test("a call with a signal that has aborted is refused with its reason", async (t) => {
  const { queries } = await openTestStore(t);
  const reason = new Error("too late");
  await assert.rejects(queries.items.listNames(undefined, { signal: AbortSignal.abort(reason) }), reason);
});

test("a call that runs is left at once when its signal aborts", async (t) => {
  const { gate, open } = createGate(t);
  const { queries } = await openTestStore(t, { readers: 2 });
  const controller = new AbortController();
  const reason = new Error("gone");
  const uncancelled = queries.items.waitAtGate(gate);
  const cancelled = queries.items.waitAtGate(gate, { signal: controller.signal });
  await turn();
  controller.abort(reason);
  await assert.rejects(cancelled, reason);
  open();
  await uncancelled;
});

test("a settled call leaves no listener on its signal", async (t) => {
  const { queries } = await openTestStore(t);
  const controller = new AbortController();
  const removed = t.mock.method(controller.signal, "removeEventListener");
  await queries.items.listNames(undefined, { signal: controller.signal });
  assert.equal(await codeOf(queries.items.insertThenThrow("x", { signal: controller.signal })), "not_found");
  assert.equal(removed.mock.callCount(), 2);
});

test("a full queue refuses with the value and the limit, and recovers", async (t) => {
  const { queries } = await openTestStore(t, {
    maxQueuedWrites: 3,
    maxQueuedReads: 2,
    maxQueuedBackgroundWrites: 1,
  });
  const writes = Array.from({ length: 5 }, (_, index) => codeOf(queries.items.insertName(`n${index}`)));
  const reads = Array.from({ length: 3 }, () => codeOf(queries.items.listNames()));
  const background = ["b0", "b1"].map((name) => codeOf(queries.items.insertName(name, { background: true })));
  assert.deepStrictEqual(await Promise.all(writes), [
    "ok",
    "ok",
    "ok",
    "resource_exhausted",
    "resource_exhausted",
  ]);
  assert.deepStrictEqual(await Promise.all(reads), ["ok", "ok", "resource_exhausted"]);
  assert.deepStrictEqual(await Promise.all(background), ["ok", "resource_exhausted"]);
  const [full] = await Promise.allSettled([
    Promise.all(Array.from({ length: 4 }, (_, index) => queries.items.insertName(`m${index}`))),
  ]);
  assert.match(
    String(full?.status === "rejected" && full.reason),
    /4 writes .* maximum of 3 \(maxQueuedWrites\)/,
  );
});

test("a slow read does not hold up the reads beside it, in its message or after it", async (t) => {
  const store = await openTestStore(t, { readers: 2 });
  const { items } = store.queries;
  const { id } = await items.insertItem({ name: "a" });
  let moved = 0;
  await besideGate(t, "reads beside a slow one", (gate) => {
    const before = store.stats().reads.moved;
    const slowRead = items.waitAtGate(gate);
    const together = Array.from({ length: 50 }, () => items.getItem({ id }));
    const beside = async (): Promise<void> => {
      const found = await Promise.all(together);
      for (let round = 0; round < 100; round++) found.push(await items.getItem({ id }));
      assert.ok(found.every((item) => item?.name === "a"));
      moved ||= store.stats().reads.moved - before;
    };
    return { held: [slowRead], beside: beside() };
  });
  assert.ok(moved >= 50, `${moved} reads were moved`);
});
