import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { DataError } from "../../../../src/runrpc/data/store.ts";
import { type PostgresServer, startPostgres } from "../../../postgres.ts";
import { codeOf } from "../fixture/open.ts";
import { countBackends, holdLock, openTestStore, skip, until } from "./fixture.ts";

let server: PostgresServer;

before(async () => {
  if (skip === false) server = await startPostgres();
});

after(() => server?.stop());

test("a Date, a bigint, JSON and bytes come back unchanged", { skip }, async (t) => {
  const { queries } = await openTestStore(t, server);
  const given = {
    name: "all kinds",
    at: new Date("2026-11-22T18:00:00.123Z"),
    big: 123456789012345678901234567890n,
    meta: { tags: ["a", "ü"], deep: { list: [1, null, true] } },
    raw: Buffer.from([0, 1, 255]),
  };
  const inserted = await queries.items.insertItem(given);
  const expected = { ...given, id: inserted.id, amount: 0 };
  assert.deepStrictEqual(inserted, expected);
  assert.deepStrictEqual(await queries.items.getItem({ id: inserted.id }), expected);
});

test("times of every year come back to the millisecond, and no value as none", { skip }, async (t) => {
  const { queries } = await openTestStore(t, server);
  const times = [
    "0001-01-01T00:00:00.001Z",
    "0000-02-29T12:00:00.000Z",
    "-004711-05-06T07:08:09.010Z",
    "0099-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59.999Z",
    "+010000-01-01T00:00:00.000Z",
    "+275760-09-13T00:00:00.000Z",
    "1970-01-01T00:00:00.000Z",
    "1844-05-06T07:08:09.123Z",
  ].map((text) => new Date(text));
  for (const at of times) {
    const { id } = await queries.items.insertItem({ name: String(at.getTime()), at });
    assert.deepEqual((await queries.items.getItem({ id }))?.at, at);
  }
  const { id } = await queries.items.insertItem({ name: "nothing" });
  const nothing = { at: null, big: null, meta: null, raw: null };
  assert.deepEqual(await queries.items.getItem({ id }), { id, name: "nothing", ...nothing, amount: 0 });
});

test("values are what they are whatever the role, the database or the server have set for their texts", {
  skip,
}, async (t) => {
  const url = await server.createDatabase();
  const name = new URL(url).pathname.slice(1);
  for (const setting of [
    "datestyle = 'German'",
    "timezone = 'Asia/Kathmandu'",
    "bytea_output = 'escape'",
    "extra_float_digits = -10",
    "standard_conforming_strings = off",
    "client_encoding = 'LATIN1'",
    "default_transaction_isolation = 'serializable'",
  ])
    await server.query(`ALTER DATABASE ${name} SET ${setting}`);
  const { queries } = await openTestStore(t, server, { url });
  const item = {
    name: "\\ ' ünï 🎉",
    at: new Date("2024-03-04T05:06:07.089Z"),
    raw: Buffer.from([0, 92, 255, 39]),
    meta: { tags: ["\\n", "ü"], deep: 1 / 3 },
    big: -12345678901234567890n,
  };
  const { id } = await queries.items.insertItem(item);
  assert.deepStrictEqual(await queries.items.getItem({ id }), { ...item, id, amount: 0 });
});

test("an error has the code that it has on SQLite, and nothing of its write stays", { skip }, async (t) => {
  const { queries } = await openTestStore(t, server);
  await queries.items.insertName("taken");
  const codes = {
    unique: await codeOf(queries.items.insertName("taken")),
    foreignKey: await codeOf(queries.items.insertPart({ itemId: 99, label: "x" })),
    check: await codeOf(queries.items.insertItem({ name: "negative", amount: -1 })),
    notNull: await codeOf(queries.items.insertItem({ name: null as unknown as string })),
    nul: await codeOf(queries.items.insertName("a\0b")),
    thrown: await codeOf(queries.items.insertThenThrow("thrown")),
    bug: await codeOf(queries.items.insertThenFault("bug")),
    writeInRead: await codeOf(queries.items.writeInRead()),
  };
  assert.deepStrictEqual(codes, {
    unique: "already_exists",
    foreignKey: "failed_precondition",
    check: "failed_precondition",
    notNull: "invalid_argument",
    nul: "invalid_argument",
    thrown: "not_found",
    bug: "internal",
    writeInRead: "internal",
  });
  assert.deepStrictEqual(await queries.items.listNames(), ["taken"]);
});

test("an error names its query and the server's own code", { skip }, async (t) => {
  const { queries } = await openTestStore(t, server);
  await queries.items.insertName("taken");
  await assert.rejects(queries.items.insertName("taken"), (error) => {
    assert.ok(error instanceof DataError);
    const { query, databaseCode } = error;
    assert.deepStrictEqual({ query, databaseCode }, { query: "items.insertName", databaseCode: "23505" });
    return true;
  });
});

test("a write that takes an error of a statement for granted is not acknowledged", { skip }, async (t) => {
  const { queries } = await openTestStore(t, server);
  assert.equal(await codeOf(queries.items.insertTwice("twice")), "already_exists");
  assert.deepEqual(await queries.items.listNames(), []);
});

test("a query that awaits something else is told by its name, and its connection is free again", {
  skip,
}, async (t) => {
  const { queries } = await openTestStore(t, server, { connections: 1 });
  await assert.rejects(
    queries.items.insertAroundTimer("late"),
    /items\.insertAroundTimer awaits something other/,
  );
  await queries.items.insertName("next");
  assert.deepEqual(await queries.items.listNames(), ["next"]);
});

test("a statement that comes after its call was answered is refused", { skip }, async (t) => {
  const { queries } = await openTestStore(t, server, { connections: 1 });
  const late = Promise.withResolvers<unknown>();
  await queries.items.readLate((outcome) => late.resolve(outcome.catch((error: Error) => error.cause)));
  assert.match(String(await late.promise), /a statement of items\.readLate ran after its call was answered/);
});

test("all statements of a read see one state", { skip }, async (t) => {
  const { queries, url } = await openTestStore(t, server);
  const holder = await openTestStore(t, server, { url });
  await holder.queries.items.insertName("first");
  // The first run tells that it makes several; the second is in a transaction from its start.
  assert.deepEqual(await queries.items.countAroundLock(1), [1, 1]);
  const lock = await holdLock(server, url, 1);
  const counts = queries.items.countAroundLock(1);
  await until(
    "the read waits",
    async () => (await countBackends(server, url, "wait_event = 'advisory'")) === 1,
  );
  await holder.queries.items.insertName("second");
  await lock.release();
  assert.deepEqual(await counts, [1, 1]);
  assert.equal((await queries.items.listNames()).length, 2);
});

test("two hundred writes that read first give what they would one after the other", { skip }, async (t) => {
  const { queries } = await openTestStore(t, server);
  const { id } = await queries.items.insertItem({ name: "counter" });
  const given = await Promise.all(Array.from({ length: 200 }, () => queries.items.increment(id)));
  assert.deepEqual(
    given.sort((one, other) => one - other),
    Array.from({ length: 200 }, (_, index) => index + 1),
  );
  assert.equal((await queries.items.getItem({ id }))?.amount, 200);
});

test("two hundred writes that throw change nothing, and each gets its own error", { skip }, async (t) => {
  const { queries } = await openTestStore(t, server);
  const { id } = await queries.items.insertItem({ name: "counter" });
  const codes = await Promise.all(
    Array.from({ length: 200 }, () => codeOf(queries.items.incrementThenThrow(id))),
  );
  assert.deepEqual(new Set(codes), new Set(["failed_precondition"]));
  assert.equal((await queries.items.getItem({ id }))?.amount, 0);
});

test("what waits is bounded, in number and in bytes", { skip }, async (t) => {
  const options = { connections: 1, maxQueuedReads: 2, maxQueuedBytes: 10_000 };
  const { queries, url } = await openTestStore(t, server, options);
  const lock = await holdLock(server, url, 2);
  const running = queries.items.countAroundLock(2);
  await until(
    "the read waits",
    async () => (await countBackends(server, url, "wait_event = 'advisory'")) === 1,
  );
  const waiting = [queries.items.quick(1), queries.items.quick(2)];
  const outcomes = {
    third: await codeOf(queries.items.quick(3)),
    large: await codeOf(queries.items.insertName("x".repeat(9_000))),
  };
  assert.deepEqual(outcomes, { third: "resource_exhausted", large: "resource_exhausted" });
  await lock.release();
  assert.deepEqual(await Promise.all(waiting), [1, 2]);
  await running;
});

test("background writes go when no other write waits", { skip }, async (t) => {
  const { queries, url } = await openTestStore(t, server, { connections: 1 });
  const lock = await holdLock(server, url, 3);
  const first = queries.items.insertAtLock({ name: "first", key: 3 });
  await until(
    "the write waits",
    async () => (await countBackends(server, url, "wait_event = 'advisory'")) === 1,
  );
  const ids = Promise.all([
    queries.items.insertName("behind", { background: true }),
    queries.items.insertName("before"),
  ]);
  await lock.release();
  await first;
  const [behind = 0, before = 0] = await ids;
  assert.ok(behind > before, `${behind} is not after ${before}`);
});

test("a statement that gives too much fails alone, and its connection goes on", { skip }, async (t) => {
  const { queries } = await openTestStore(t, server, { connections: 1, maxResultBytes: 100_000 });
  assert.equal(await codeOf(queries.items.rows(100_000)), "resource_exhausted");
  assert.equal(await codeOf(queries.items.insertName("x".repeat(100_000))), "resource_exhausted");
  assert.equal((await queries.items.rows(100)).length, 100);
});

/** A log that keeps what it is told. */
function keptLog() {
  const lines: string[] = [];
  return {
    lines,
    info: (_: object, line: string) => lines.push(line),
    warn: (_: object, line: string) => lines.push(line),
    error: (_: object, line: string) => lines.push(line),
  };
}

test("a statement that runs for too long ends its call, which is no trouble of the database", {
  skip,
}, async (t) => {
  const log = keptLog();
  const { queries } = await openTestStore(t, server, { statementTimeoutMs: 50, log });
  assert.equal(await codeOf(queries.items.sleep(600)), "resource_exhausted");
  assert.equal(
    await codeOf(queries.items.sleepInWrite({ name: "slow", seconds: 600 })),
    "resource_exhausted",
  );
  assert.deepEqual([await queries.items.listNames(), log.lines], [[], []]);
});

test("a write that loses to others for too long is aborted, which is no trouble of the database", {
  skip,
}, async (t) => {
  const log = keptLog();
  const { queries } = await openTestStore(t, server, { maxRetryMs: 0, log });
  const { id } = await queries.items.insertItem({ name: "counter" });
  const codes = await Promise.all(Array.from({ length: 100 }, () => codeOf(queries.items.increment(id))));
  assert.deepEqual([...new Set(codes)].sort(), ["aborted", "ok"]);
  assert.deepEqual(log.lines, []);
});

test("a closed store has finished what it had accepted, refuses the rest and leaves no connection", {
  skip,
}, async (t) => {
  const store = await openTestStore(t, server, { connections: 2 });
  const accepted = Array.from({ length: 20 }, (_, index) => store.queries.items.insertName(`n${index}`));
  await Promise.all([store.close(), store.close()]);
  assert.equal(new Set(await Promise.all(accepted)).size, 20);
  assert.equal(await codeOf(store.queries.items.quick(1)), "unavailable");
  await until("no backend is left", async () => (await countBackends(server, store.url, "true")) === 0);
});

test("a store says what it has done", { skip }, async (t) => {
  const store = await openTestStore(t, server);
  await store.queries.items.insertName("one");
  await store.queries.items.listNames();
  const idle = { queued: 0, inFlight: 0, moved: 0, workersReplaced: 0, batchSizes: [1] };
  const one = { ...idle, calls: 1, batches: 1 };
  assert.deepEqual(store.stats(), { reads: one, writes: one });
  assert.equal(store.created, true);
  assert.equal(store.database, store.url.replace(/:[^/@]*@/, "@"));
});
