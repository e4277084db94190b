import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeFrame } from "../../../../../src/runrpc/data/sqlite/shared-writer/frames.ts";
import { codeOf, turn } from "../../fixture/open.ts";
import { connectRaw, numberOf, openShared, readAnswers, until } from "./fixture.ts";

const slow = { rows: 4_000_000 };

test("a process that floods does not hold up another one", async (t) => {
  const { open } = await openShared(t, { maxBatchWrites: 8 });
  const [flooding, other] = [await open(), await open()];
  let left = 5_000;
  const flood = Array.from({ length: left }, async (_, index) => {
    await flooding.queries.items.insertName(`flood${index}`);
    left--;
  });
  // In the order of arrival each of these would wait behind a full window of 781, and all would be behind the flood.
  for (let index = 0; index < 10; index++) await other.queries.items.insertName(`other${index}`);
  assert.ok(left > 1_000, `${left} of the flood are left`);
  await Promise.all(flood);
});

test("a process that takes no answers is given no more of them, and holds up nobody", async (t) => {
  const { writer, open } = await openShared(t, { maxBatchWrites: 4 });
  const store = await open();
  const socket = await connectRaw(t, writer.socket);
  const query = numberOf("giveText");
  const ids = Array.from({ length: 100 }, (_, index) => index);
  socket.write(encodeFrame([0, ...ids.flatMap((id) => [id, query, 8, 500_000])]));
  await until("its answers are held up", () => writer.stats().queued > 0 && writer.stats().inFlight === 0);
  for (let index = 0; index < 20; index++) await store.queries.items.insertName(`n${index}`);
  assert.ok(writer.stats().queued > 80, `${writer.stats().queued} of 100 wait`);

  const answered = new Set<unknown>();
  readAnswers(socket, (id) => answered.add(id));
  await until("all are answered", () => answered.size === 100);
  assert.deepEqual([writer.stats().queued, writer.stats().inFlight], [0, 0]);
});

test("the writer's own queue is bounded for all processes, in number and in bytes", async (t) => {
  const { writer } = await openShared(t, { maxQueuedWrites: 200, maxQueuedBytes: 50_000 });
  const socket = await connectRaw(t, writer.socket);
  const refused = new Map<unknown, string>();
  const answered = new Set<unknown>();
  readAnswers(socket, (id, took, value) => {
    answered.add(id);
    if (took < 0) refused.set(id, String(value));
  });
  const query = numberOf("insertName");
  const send = (from: number, count: number, bytes: number) => {
    const ids = Array.from({ length: count }, (_, index) => from + index);
    socket.write(encodeFrame([0, ...ids.flatMap((id) => [id, query, bytes, `n${id}`])]));
  };
  // All of a frame are there before one of them goes.
  send(0, 201, 1);
  await until("all are answered", () => answered.size === 201);
  assert.deepEqual([...refused.keys()], [200]);
  assert.match(refused.get(200) ?? "", /resource_exhausted,201 writes are waiting, above the maximum of 200/);
  send(300, 52, 1_000);
  await until("all are answered", () => answered.size === 253);
  assert.deepEqual([...refused.keys()], [200, 350, 351]);
  assert.match(refused.get(351) ?? "", /hold 51000 bytes, above the maximum of 50000 \(maxQueuedBytes\)/);
  send(400, 200, 1);
  await until("there is room again", () => answered.size === 453);
  assert.equal(refused.size, 3);
});

test("what a process that has gone had not begun never runs, and takes up no room", async (t) => {
  const { writer, open } = await openShared(t, { maxQueuedWrites: 3_200 });
  const store = await open();
  const socket = await connectRaw(t, writer.socket);
  const running = store.queries.items.insertSlowly({ name: "slow", ...slow });
  await until("the slow write is sent", () => writer.stats().inFlight === 1);
  const query = numberOf("insertName");
  for (const kind of [0, 1]) {
    const ids = Array.from({ length: 30 }, (_, index) => 100 * kind + index);
    socket.write(encodeFrame([kind, ...ids.flatMap((id) => [id, query, 8, `gone${id}`])]));
  }
  await until("they are there", () => writer.stats().queued + writer.stats().inFlight === 61);
  socket.destroy();
  await until("they are gone", () => writer.stats().queued === 0);
  await running;
  await store.queries.items.insertName("last");
  assert.deepEqual(await store.queries.items.listNames(), ["slow", "last"]);
  assert.deepEqual([writer.stats().queued, writer.stats().inFlight], [0, 0]);
});

test("the writer's thread is replaced when it dies, and each process is told what became of its writes", async (t) => {
  const { writer, open } = await openShared(t);
  const [one, other] = [await open(), await open()];
  await one.queries.items.insertName("before");
  const codes = await Promise.all([
    codeOf(one.queries.items.exitInWrite("dead")),
    turn().then(() => codeOf(other.queries.items.insertName("other"))),
  ]);
  assert.deepEqual(codes[0], "unavailable");
  assert.ok(["ok", "unavailable"].includes(codes[1]), codes[1]);
  assert.equal(await codeOf(one.queries.items.exitWhileCommitting("perhaps")), "unknown");
  assert.equal(await codeOf(other.queries.items.insertName("after")), "ok");
  assert.equal(writer.stats().workersReplaced, 2);
  assert.equal((await one.queries.items.listNames()).includes("dead"), false);
});
