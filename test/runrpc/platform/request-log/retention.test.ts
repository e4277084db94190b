import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createChore } from "../../../../src/runrpc/data/chore.ts";
import {
  startRequestRetention,
  startRetention,
} from "../../../../src/runrpc/platform/request-log/retention.ts";
import { groupRecords } from "../../../../src/runrpc/platform/request-log/row.ts";
import { openTestStore, type TestStore } from "../fixture.ts";
import { recordOf } from "./record.ts";

let db: TestStore;

before(async () => {
  db = await openTestStore();
});

after(() => db[Symbol.asyncDispose]());

const hourMs = 3_600_000;

async function addAt(requestId: string, ...times: readonly number[]): Promise<void> {
  const records = times.map((time) => recordOf(requestId, { startedAt: new Date(time) }));
  await db.queries.runrpcRequestLog.addRequests(groupRecords(records));
}

async function idsLeft(prefix: string): Promise<string[]> {
  const rows = await db.queries.runrpcRequestLog.listRequests({ limit: 10_000 });
  return rows.map(({ requestId }) => requestId).filter((id) => id.startsWith(prefix));
}

/** Removes what is too old at this time, once, and gives how many writes that took; undefined where no chore was started. */
async function removeAt(now: number, retentionHours: number): Promise<number | undefined> {
  const before = db.store.stats().writes.calls;
  const chores: ReturnType<typeof createChore>[] = [];
  startRetention(
    db.queries.runrpcRequestLog,
    retentionHours,
    (_what, step, times) => {
      const chore = createChore(step, { ...times, onError: (error) => assert.fail(String(error)) });
      chores.push(chore);
      return chore.wake;
    },
    () => now,
  );
  const [chore] = chores;
  if (chore === undefined) return undefined;
  await chore.done();
  await chore.close();
  return db.store.stats().writes.calls - before;
}

test("rows older than the retention age are removed in several steps, younger ones stay", async () => {
  const now = 1_000 * hourMs;
  await addAt("age-25", ...Array.from({ length: 700 }, () => now - 25 * hourMs));
  await addAt("age-23", now - 23 * hourMs);
  assert.equal(await removeAt(now, 24), 3);
  assert.deepEqual(await idsLeft("age-"), ["age-23"]);
});

test("a removal takes what is older than the age, and not what is exactly as old", async () => {
  const now = 2_000 * hourMs;
  await addAt("edge-older", now - 24 * hourMs - 1);
  await addAt("edge-as-old", now - 24 * hourMs);
  await addAt("edge-younger", now - 24 * hourMs + 1);
  await removeAt(now, 24);
  assert.deepEqual(await idsLeft("edge-"), ["edge-as-old", "edge-younger"]);
});

test("retention 0 keeps every row", async () => {
  await addAt("kept", 0);
  assert.equal(await removeAt(1e14, 0), undefined);
  assert.deepEqual(await idsLeft("kept"), ["kept"]);
});

test("the requests of all but the newest calls are removed, once, and the rows stay", async () => {
  const { addRequests, listRequests, findKeptRequests } = db.queries.runrpcRequestLog;
  const request = { json: '{"id":"a"}', note: "left out: b" };
  // More than a step removes.
  const records = Array.from({ length: 600 }, (_, at) => recordOf(`request-${at}`, { request }));
  await addRequests(groupRecords(records));
  const chores: ReturnType<typeof createChore>[] = [];
  startRequestRetention(db.queries.runrpcRequestLog, 10, (_what, step, times) => {
    const chore = createChore(step, { ...times, onError: (error) => assert.fail(String(error)) });
    chores.push(chore);
    return chore.wake;
  });
  const before = db.store.stats().writes.calls;
  await chores[0]?.done();
  assert.equal(db.store.stats().writes.calls - before, 3);
  const rows = (await listRequests({ limit: 10_000 })).filter(({ requestId }) =>
    requestId.startsWith("request-"),
  );
  assert.equal(rows.length, 600);
  assert.deepEqual(
    rows.map(({ request }) => request !== null).lastIndexOf(false),
    rows.length - 11,
    "the newest ten have theirs, and no other one",
  );
  assert.deepEqual(
    [rows.at(-1)?.request, rows.at(-1)?.requestNote, rows[0]?.requestNote],
    [request.json, request.note, "removed: later ones have taken its room"],
  );
  // It goes on where it was: nothing is left to be done before the next call.
  const search = { after: 0, newest: 10, limit: 250, maxScanned: 50_000 };
  assert.deepEqual((await findKeptRequests(search)).ids, []);
  await chores[0]?.close();
});
