import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { test } from "node:test";
import { type CallOptions, DataError } from "../../../../../src/runrpc/data/store.ts";
import { codeOf, openTestStore, turn } from "../../fixture/open.ts";
import { openShared, until } from "./fixture.ts";

const slow = { rows: 4_000_000 };

test("values reach a query, and come back, as they do through a thread alone", async (t) => {
  const { open } = await openShared(t);
  const store = await open();
  const direct = await openTestStore(t);
  const bytes = Buffer.from("some bytes");
  const values = {
    ...{ none: undefined, nothing: null, big: 12345678901234567890n, at: new Date(86_400_000.5), real: -0 },
    ...{ map: new Map([["a", { b: [1] }]]), set: new Set(["ü"]), text: "漢字", pattern: /x/u },
    ...{
      buffer: bytes,
      bytes: new Uint8Array(bytes),
      floats: new Float64Array([0.1]),
      view: new DataView(new ArrayBuffer(2)),
    },
    ...{ memory: new ArrayBuffer(3), error: new RangeError("far"), empty: Buffer.alloc(0) },
  };
  const given = await store.queries.items.giveBack(values);
  assert.deepStrictEqual(given, await direct.queries.items.giveBack(values));
  assert.equal(Buffer.isBuffer((given.value as typeof values).buffer), false);
  const row = { name: "all kinds", at: new Date("2026-11-22T18:00:00.123Z"), big: 2n ** 90n, raw: bytes };
  const inserted = await store.queries.items.insertItem({ ...row, meta: { tags: ["ü"] } });
  assert.deepStrictEqual(inserted, await direct.queries.items.insertItem({ ...row, meta: { tags: ["ü"] } }));
  assert.deepStrictEqual(await store.queries.items.getItem({ id: inserted.id }), inserted);
});

test("errors are those of a writer of one's own: code, sentence, query and SQLite's code", async (t) => {
  const { open } = await openShared(t);
  const stores = [await open(), await openTestStore(t)];
  const [through, direct] = await Promise.all(
    stores.map(async ({ queries: { items } }) => {
      await items.insertName("taken");
      const fails = [
        items.insertName("taken"),
        items.insertPart({ itemId: 99, label: "x" }),
        items.insertItem({ name: "negative", amount: -1 }),
        items.insertThenThrow("thrown"),
        items.insertThenFault("bug"),
        items.insertName((() => 1) as unknown as string), // What the types forbid.
        items.insertAroundTimer("timer"),
      ];
      const outcomes = await Promise.allSettled(fails);
      return outcomes.map((outcome) => {
        assert.ok(outcome.status === "rejected" && outcome.reason instanceof DataError);
        const { code, message, query, databaseCode } = outcome.reason;
        return { code, message, query, databaseCode };
      });
    }),
  );
  assert.deepStrictEqual(through, direct);
  assert.equal(through?.length, 7);
});

test("an input, or a result, that cannot be sent fails alone among those of its message", async (t) => {
  const { open } = await openShared(t);
  const { items } = (await open()).queries;
  const codes = await Promise.all([
    codeOf(items.insertName("one")),
    codeOf(items.insertName((() => 1) as unknown as string)), // What the types forbid.
    codeOf(items.returnShared()),
    codeOf(items.insertName("two")),
  ]);
  assert.deepStrictEqual(codes, ["ok", "invalid_argument", "internal", "ok"]);
  assert.deepStrictEqual(await items.listNames(), ["one", "two"]);
});

test("writes of several processes share commits, each undone alone", async (t) => {
  const { writer, open } = await openShared(t);
  const stores = [await open(), await open(), await open()];
  const codes = await Promise.all(
    stores.flatMap(({ queries: { items } }, index) => [
      ...Array.from({ length: 100 }, (_, n) => codeOf(items.insertName(`${index} ${n}`))),
      codeOf(items.insertThenThrow(`${index} thrown`)),
    ]),
  );
  assert.equal(codes.filter((code) => code === "ok").length, 300);
  const { calls, batches, queued, inFlight } = writer.stats();
  assert.deepStrictEqual([calls, queued, inFlight], [303, 0, 0]);
  assert.ok(batches < 30, `${batches} transactions`);
  for (const { queries } of stores) assert.equal((await queries.items.listNames()).length, 300);
});

test("a write that waits never runs once its signal has aborted, wherever it waits", async (t) => {
  const { writer, open } = await openShared(t, { maxQueuedWrites: 128 });
  const store = await open();
  const { items } = store.queries;
  const reason = new Error("gone");
  const controller = new AbortController();
  const { signal } = controller;
  const running = items.insertSlowly({ name: "slow", ...slow });
  await until("the slow write is sent", () => writer.stats().inFlight === 1);
  // A window of two calls is full with this one; the others wait in the store.
  const sent = items.insertName("sent", { signal });
  await until("the writer has it", () => writer.stats().inFlight + writer.stats().queued === 2);
  const queued = items.insertName("queued", { signal });
  const background = items.insertName("background", { signal, background: true });
  await turn();
  assert.ok(store.stats().writes.queued >= 1);
  controller.abort(reason);
  for (const write of [sent, queued, background]) await assert.rejects(write, reason);
  await running;
  await items.insertName("last");
  assert.deepStrictEqual(await items.listNames(), ["slow", "last"]);
  assert.deepStrictEqual([writer.stats().queued, store.stats().writes.inFlight], [0, 0]);
});

test("a store's own queues are bounded, and hold what the writer has no room for", async (t) => {
  const { writer, open } = await openShared(t, { maxQueuedWrites: 64 });
  const store = await open({ maxQueuedWrites: 3, maxQueuedBackgroundWrites: 1 });
  const { items } = store.queries;
  const running = items.insertSlowly({ name: "slow", ...slow });
  await until("the slow write is sent", () => writer.stats().inFlight === 1);
  const codes = Array.from({ length: 5 }, (_, index) => codeOf(items.insertName(`n${index}`)));
  const background = ["b0", "b1"].map((name) => codeOf(items.insertName(name, { background: true })));
  assert.deepStrictEqual(await Promise.all(codes), [
    "ok",
    "ok",
    "ok",
    "resource_exhausted",
    "resource_exhausted",
  ]);
  assert.deepStrictEqual(await Promise.all(background), ["ok", "resource_exhausted"]);
  await running;
  await assert.rejects(
    Promise.all(Array.from({ length: 4 }, (_, index) => items.insertName(`m${index}`))),
    /4 writes .* maximum of 3 \(maxQueuedWrites\)/,
  );
});

test("an input that is too large is refused with the bound, and a large one goes alone", async (t) => {
  const { open } = await openShared(t, { heapMb: 32, maxQueuedBytes: 64_000_000 });
  const { items } = (await open()).queries;
  assert.equal(await items.textLength("x".repeat(3_000_000)), 3_000_002);
  await assert.rejects(
    items.textLength("x".repeat(5_000_000)),
    /above the maximum of 8388608, a quarter of heapMb/,
  );
  // Names of fields are counted in a frame alone: it is larger than the input is counted for.
  const wide = Array.from({ length: 20_000 }, () => ({ ["y".repeat(1_000)]: 1 }));
  const [before, over, after] = await Promise.allSettled([
    items.insertName("before"),
    items.textLength(wide),
    items.insertName("after"),
  ]);
  assert.deepEqual([before?.status, after?.status], ["fulfilled", "fulfilled"]);
  assert.match(
    String(over?.status === "rejected" && over.reason),
    /takes \d+ bytes on its way to its worker, above the maximum of 16777216/,
  );
});

test("a background write waits for the foreground writes of every process", async (t) => {
  const { writer, open } = await openShared(t, { maxBatchWrites: 2 });
  const [one, other] = [await open(), await open()];
  const running = one.queries.items.insertSlowly({ name: "slow", ...slow });
  await until("the slow write is sent", () => writer.stats().inFlight === 1);
  const writes = Array.from({ length: 40 }, (_, index) => other.queries.items.insertName(`n${index}`));
  await until("the others wait", () => writer.stats().queued === 38);
  const background = one.queries.items.insertName("background", { background: true });
  await until("it waits as well", () => writer.stats().queued === 39);
  await Promise.all([running, background, ...writes]);
  assert.equal((await one.queries.items.listNames()).at(-1), "background");
});

test("writes of one process are done in the order of their calls", async (t) => {
  const { open } = await openShared(t, { maxBatchWrites: 7, maxQueuedWrites: 700 });
  const [one, other] = [await open(), await open()];
  await one.queries.items.insertName("owner");
  const labels = (of: string) => Array.from({ length: 200 }, (_, index) => `${of}${index}`);
  const insert = (store: typeof one, of: string) =>
    labels(of).map((label) => store.queries.items.insertPart({ itemId: 1, label }, { order: "same" }));
  await Promise.all([...insert(one, "a"), ...insert(other, "b")]);
  const found = await one.queries.items.listLabels();
  assert.deepEqual(
    found.filter((label) => label.startsWith("a")),
    labels("a"),
  );
  assert.deepEqual(
    found.filter((label) => label.startsWith("b")),
    labels("b"),
  );
});

test("a store is told how long its call ran, and answers pings", async (t) => {
  const { writer, open } = await openShared(t);
  const store = await open();
  const ran: number[] = [];
  const options: CallOptions = { onRan: (ranMs) => ran.push(ranMs) };
  // By the microsecond: of four times none is a whole number of milliseconds but by chance.
  for (const name of ["a", "b", "c", "d"]) await store.queries.items.insertName(name, options);
  assert.equal(ran.length, 4);
  assert.ok(
    ran.some((ranMs) => ranMs > 0 && !Number.isInteger(ranMs)),
    `${ran}`,
  );
  await store.ping();
  await writer.ping();
  const reason = new Error("enough");
  await assert.rejects(writer.ping({ signal: AbortSignal.abort(reason) }), reason);
});

test("the process that writes asks queries itself, and knows what its migrations did", async (t) => {
  const { writer, open } = await openShared(t);
  const store = await open();
  await writer.queries.items.insertName("own");
  assert.deepEqual(await store.queries.items.listNames(), ["own"]);
  assert.deepEqual(await writer.queries.items.listNames(), ["own"]);
  assert.deepEqual([writer.created, store.created, writer.database], [true, false, store.database]);
  assert.deepEqual(store.migrations, { created: false, applied: [], present: writer.migrations.applied });
  assert.ok(writer.migrations.applied.length > 0);
});

test("close finishes what is accepted, refuses the rest, and leaves one file and no socket", async (t) => {
  const { writer, open } = await openShared(t, { maxBatchWrites: 8 });
  const [one, other] = [await open(), await open()];
  const { items } = one.queries;
  const first = items.insertName("first");
  const rest = Array.from({ length: 100 }, (_, index) => codeOf(items.insertName(`n${index}`)));
  await first;
  const closed = writer.close();
  assert.equal(writer.close(), closed);
  const codes = await Promise.all(rest);
  await closed;
  assert.deepEqual(new Set(codes), new Set(["ok"]));
  assert.ok(["unavailable", "unknown"].includes(await codeOf(other.queries.items.insertName("late"))));
  assert.equal(existsSync(dirname(writer.socket)), false);
  await Promise.all([one.close(), other.close()]);
  const again = await openTestStore(t, { file: writer.database });
  assert.equal((await again.queries.items.listNames()).length, 101);
});

test("the socket is its owner's alone", async (t) => {
  const { writer } = await openShared(t);
  const { mode, uid } = statSync(dirname(writer.socket));
  assert.deepEqual([mode & 0o777, uid], [0o700, process.getuid?.()]);
});
