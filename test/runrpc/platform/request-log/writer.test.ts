import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { RequestLogQueries } from "../../../../src/runrpc/platform/request-log/queries.ts";
import {
  createRequestLogWriter,
  type RequestLogOptions,
} from "../../../../src/runrpc/platform/request-log/writer.ts";
import { type ServerLog, silentLog } from "../../../../src/runrpc/server/log.ts";
import { openTestStore, type TestStore } from "../fixture.ts";
import { recordOf } from "./record.ts";

let db: TestStore;

before(async () => {
  db = await openTestStore();
});

after(() => db[Symbol.asyncDispose]());

const options = {
  maxQueuedRecords: 10_000,
  log: silentLog,
  // Nothing is written before the close, unless a test says so.
  flushAfterMs: 1_000_000,
} as const satisfies RequestLogOptions;

async function rowsOf(prefix: string) {
  const rows = await db.queries.runrpcRequestLog.listRequests({ limit: 1_000_000 });
  return rows.filter(({ requestId }) => requestId.startsWith(prefix));
}

test("each field of a record is in its column after the close", async () => {
  const writer = createRequestLogWriter(db.queries.runrpcRequestLog, options);
  const record = recordOf("fields", {
    code: "canceled",
    error: "gone",
    cancelledBy: "client",
    abandoned: true,
  });
  writer.write(record);
  writer.write(recordOf("fields-2", { subject: undefined, keyId: undefined }));
  await writer.close();
  const [first, second] = await rowsOf("fields");
  const { id: _, ...row } = { id: 0, ...first };
  assert.deepEqual(row, { ...record, request: null, requestNote: null, traceId: null });
  assert.deepEqual([second?.subject, second?.keyId, second?.cancelledBy], [null, null, null]);
});

for (const [what, callers] of [
  ["a few callers", 3],
  ["as many callers as calls", 120],
] as const) {
  test(`120 calls of ${what}, of several kinds, have each field in its column`, async () => {
    const writer = createRequestLogWriter(db.queries.runrpcRequestLog, options);
    const records = Array.from({ length: 120 }, (_, index) => {
      const caller = index % callers;
      return recordOf(`mixed-${callers}-${String(index).padStart(3, "0")}`, {
        method: `Method${caller % 3}`,
        protocol: caller % 2 === 0 ? "grpc" : "connect",
        code: caller % 3 === 0 ? "not_found" : "ok",
        error: caller % 3 === 0 ? `no user ${caller}` : "",
        startedAt: new Date(1_700_000_000_000 + index),
        durationMs: index + 0.5,
        messagesIn: caller,
        messagesOut: caller + 1,
        bytesIn: 2 * index,
        bytesOut: 3 * index,
        peer: `10.0.0.${caller}`,
        subject: `user-${caller}`,
        keyId: caller === 1 ? undefined : `rr_${caller}`,
        cancelledBy: caller === 2 ? "deadline" : undefined,
        abandoned: caller === 2,
      });
    });
    for (const record of records) writer.write(record);
    await writer.close();
    const rows = await rowsOf(`mixed-${callers}-`);
    assert.deepEqual(
      rows
        .sort((one, other) => one.startedAt.getTime() - other.startedAt.getTime())
        .map((row) => {
          const { id: _, ...fields } = { id: 0, ...row };
          return fields;
        }),
      records.map(({ keyId = null, cancelledBy = null, ...record }) => ({
        ...record,
        keyId,
        cancelledBy,
        request: null,
        requestNote: null,
        traceId: null,
      })),
    );
  });
}

test("what is kept of a request, and its trace, are in their columns, beside calls that have none", async () => {
  const writer = createRequestLogWriter(db.queries.runrpcRequestLog, options);
  writer.write(recordOf("request-a", { request: { json: '{"id":"é"}', note: "left out: b" } }));
  writer.write(
    recordOf("request-b", { request: { json: "", note: "not kept: it is too long" }, peer: "::1" }),
  );
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  writer.write(recordOf("request-c", { method: "ListUsers", traceId }));
  await writer.close();
  const rows = (await rowsOf("request-")).sort((a, b) => a.requestId.localeCompare(b.requestId));
  assert.deepEqual(
    rows.map((row) => [row.request, row.requestNote, row.traceId, row.peer, row.method]),
    [
      ['{"id":"é"}', "left out: b", null, "127.0.0.1", "GetUser"],
      [null, "not kept: it is too long", null, "::1", "GetUser"],
      [null, null, traceId, "127.0.0.1", "ListUsers"],
    ],
  );
});

test("records above the bound are dropped, counted and reported; the others are flushed at the close", async () => {
  const reports: object[] = [];
  const log: ServerLog = { ...silentLog, warn: (fields) => reports.push(fields) };
  const writer = createRequestLogWriter(db.queries.runrpcRequestLog, {
    ...options,
    log,
    maxQueuedRecords: 10,
  });
  for (let index = 0; index < 25; index++) writer.write(recordOf(`drop-${index}`));
  assert.deepEqual(writer.stats(), { queued: 10, written: 0, dropped: 15 });
  await writer.close();
  assert.deepEqual(writer.stats(), { queued: 0, written: 10, dropped: 15 });
  assert.deepEqual(reports, [{ dropped: 15, maxQueuedRecords: 10 }]);
  assert.equal((await rowsOf("drop-")).length, 10);
});

test("records above the bound in bytes are dropped, counted and reported, and there is room again once they are written", async () => {
  const reports: object[] = [];
  const log: ServerLog = { ...silentLog, warn: (fields) => reports.push(fields) };
  const bounds = { maxQueuedBytes: 65_536, flushAfterMs: 1 };
  const writer = createRequestLogWriter(db.queries.runrpcRequestLog, { ...options, ...bounds, log });
  const large = (index: number) => recordOf(`bytes-${index}`, { error: "e".repeat(1_024) });
  // Each takes 2 KiB for its error and less than half a KiB besides.
  for (let index = 0; index < 1_000; index++) writer.write(large(index));
  const { queued, dropped } = writer.stats();
  assert.ok(queued >= 25 && queued <= 32, `${queued} records wait`);
  assert.equal(dropped, 1_000 - queued);
  while (writer.stats().queued > 0) await db.store.ping();
  assert.deepEqual(reports, [{ dropped, maxQueuedRecords: 10_000, maxQueuedBytes: 65_536 }]);
  for (let index = 0; index < 25; index++) writer.write(large(index));
  assert.equal(writer.stats().dropped, dropped);
  await writer.close();
  assert.equal((await rowsOf("bytes-")).length, queued + 25);
});

test("records that hold exactly the bytes there are wait, and with a byte less the last of them is dropped", async () => {
  const waiting = async (maxQueuedBytes: number, records: number): Promise<number> => {
    const writer = createRequestLogWriter(db.queries.runrpcRequestLog, { ...options, maxQueuedBytes });
    for (let index = 0; index < records; index++) writer.write(recordOf("exactly"));
    const { queued } = writer.stats();
    await writer.close();
    return queued;
  };
  let bytes = 256;
  while ((await waiting(bytes, 1)) === 0) bytes++;
  assert.deepEqual([await waiting(3 * bytes, 4), await waiting(3 * bytes - 1, 4)], [3, 2]);
});

test("each report is of what was dropped since the last one, and names the bytes where they were full", async () => {
  const reports: object[] = [];
  const log: ServerLog = { ...silentLog, warn: (fields) => reports.push(fields) };
  const bounds = { maxQueuedRecords: 2, maxQueuedBytes: 65_536, flushAfterMs: 1 };
  const writer = createRequestLogWriter(db.queries.runrpcRequestLog, { ...options, ...bounds, log });
  const writeAll = async (...errors: string[]): Promise<void> => {
    for (const error of errors) writer.write(recordOf("since", { error }));
    while (writer.stats().queued > 0) await db.store.ping();
  };
  await writeAll("", "e".repeat(65_536));
  await writeAll("", "", "", "");
  await writer.close();
  assert.deepEqual(reports, [
    { dropped: 1, maxQueuedRecords: 2, maxQueuedBytes: 65_536 },
    { dropped: 2, maxQueuedRecords: 2 },
  ]);
});

test("a full batch is written without waiting for the time to pass", async () => {
  const writer = createRequestLogWriter(db.queries.runrpcRequestLog, { ...options, maxBatchRecords: 100 });
  for (let index = 0; index < 250; index++) writer.write(recordOf(`batch-${index}`));
  while (writer.stats().written < 200) await db.store.ping();
  assert.deepEqual(writer.stats(), { queued: 50, written: 200, dropped: 0 });
  await writer.close();
  const ids = (await rowsOf("batch-")).map(({ requestId }) => requestId);
  assert.deepEqual(
    ids,
    Array.from({ length: 250 }, (_, index) => `batch-${index}`),
  );
});

test("a lone record is written when its time has passed", async () => {
  const writer = createRequestLogWriter(db.queries.runrpcRequestLog, { ...options, flushAfterMs: 1 });
  writer.write(recordOf("lone"));
  while (writer.stats().written < 1) await db.store.ping();
  assert.equal((await rowsOf("lone")).length, 1);
  await writer.close();
});

test("records that the table does not take are dropped, counted and logged, and the close does not hang", async () => {
  const errors: string[] = [];
  const log: ServerLog = { ...silentLog, error: (_, message) => errors.push(message) };
  const writer = createRequestLogWriter(db.queries.runrpcRequestLog, { ...options, log });
  // What the types forbid, the table refuses.
  for (let index = 0; index < 3; index++) writer.write(recordOf("bad", { peer: null as unknown as string }));
  await writer.close();
  assert.deepEqual(writer.stats(), { queued: 0, written: 0, dropped: 3 });
  assert.deepEqual(errors, ["the request log cannot be written"]);
});

test("a record after the close is counted as dropped", async () => {
  const writer = createRequestLogWriter(db.queries.runrpcRequestLog, options);
  await writer.close();
  writer.write(recordOf("late"));
  assert.equal(writer.stats().dropped, 1);
});

/** The real queries, of which some attempts to insert fail first; counts them. */
function failing(fails: (attempt: number) => boolean) {
  const counted = { attempts: 0 };
  const queries: RequestLogQueries = {
    ...db.queries.runrpcRequestLog,
    async addRequests(records, writeOptions) {
      counted.attempts += 1;
      if (fails(counted.attempts)) throw new Error("the disk is full");
      await db.queries.runrpcRequestLog.addRequests(records, writeOptions);
    },
  };
  return { queries, counted };
}

test("each of two batches that fail in a row is tried as often as one, and the batch behind them is written", async () => {
  const errors: object[] = [];
  const log: ServerLog = { ...silentLog, error: (fields) => errors.push(fields) };
  const { queries, counted } = failing((attempt) => attempt <= 6);
  const writer = createRequestLogWriter(queries, { ...options, log, maxBatchRecords: 2 });
  for (let index = 0; index < 6; index++) writer.write(recordOf(`two-fail-${index}`));
  await writer.close();
  const { queued, written, dropped } = writer.stats();
  assert.deepEqual([counted.attempts, queued, written, dropped], [7, 0, 2, 4]);
  assert.deepEqual(
    errors.map((fields) => Reflect.get(fields, "records")),
    [2, 2],
  );
  assert.deepEqual(
    (await rowsOf("two-fail-")).map(({ requestId }) => requestId),
    ["two-fail-4", "two-fail-5"],
  );
});

test("a table that does not take a full batch is asked again after a while, not at once", async () => {
  const { queries, counted } = failing(() => true);
  const writer = createRequestLogWriter(queries, { ...options, maxBatchRecords: 2 });
  for (let index = 0; index < 4; index++) writer.write(recordOf(`while-${index}`));
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  assert.equal(counted.attempts, 1);
  await writer.close();
  assert.equal(counted.attempts, 6);
});

test("a batch that succeeds at last leaves the next one all of its attempts", async () => {
  const { queries, counted } = failing((attempt) => attempt % 3 !== 0);
  const writer = createRequestLogWriter(queries, { ...options, maxBatchRecords: 2 });
  for (let index = 0; index < 4; index++) writer.write(recordOf(`at-last-${index}`));
  await writer.close();
  const { queued, written, dropped } = writer.stats();
  assert.deepEqual([counted.attempts, queued, written, dropped], [6, 0, 4, 0]);
});
