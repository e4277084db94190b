import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { contextOf, createRequestStream } from "runrpc/testing";
import {
  ListLogsRequestSchema,
  type LogEntrySchema,
  LogService,
  Severity,
  type UploadLogsRequest,
  UploadLogsRequestSchema,
} from "../../../gen/logs/v1/logs_pb.ts";
import { createLogService } from "../../../src/services/logs/service.ts";
import { addUser, openTestStore, type TestStore } from "../fixture.ts";

type Entry = MessageInitShape<typeof LogEntrySchema>;

const { method } = LogService;
let db: TestStore;
let service: ReturnType<typeof createLogService>;

before(async () => {
  db = await openTestStore();
  service = createLogService(db.queries.logs);
});

after(() => db[Symbol.asyncDispose]());

async function* uploadOf(entries: readonly Entry[], perMessage: number): AsyncGenerator<UploadLogsRequest> {
  for (let from = 0; from < entries.length; from += perMessage) {
    yield create(UploadLogsRequestSchema, { entries: entries.slice(from, from + perMessage) });
  }
}

function upload(userId: string, entries: readonly Entry[], perMessage = 100) {
  return service.uploadLogs(uploadOf(entries, perMessage), contextOf(method.uploadLogs, { subject: userId }));
}

async function listAll(userId: string, pageSize: number, minSeverity: Severity = 0): Promise<string[]> {
  const lines: string[] = [];
  let pageToken = "";
  do {
    const request = create(ListLogsRequestSchema, { pageSize, pageToken, minSeverity });
    const page = await service.listLogs(request, contextOf(method.listLogs, { subject: userId }));
    for (const entry of page.entries ?? []) lines.push(entry.message ?? "");
    pageToken = page.nextPageToken ?? "";
  } while (pageToken !== "");
  return lines;
}

function linesOf(count: number): { time: ReturnType<typeof timestampFromMs>; message: string }[] {
  // Three lines share each millisecond, so that pages break within one.
  return Array.from({ length: count }, (_, index) => ({
    time: timestampFromMs(1e12 + Math.floor(index / 3)),
    message: `line ${index}`,
  }));
}

for (const [count, perMessage] of [
  [0, 1],
  [1, 1],
  [2_500, 1],
  [20_000, 100],
  [20_000, 1_000],
] as const) {
  test(`UploadLogs counts ${count} lines, ${perMessage} a message, and each is in the table once`, async () => {
    const userId = await addUser(db.queries);
    const { logsReceived } = await upload(userId, linesOf(count), perMessage);
    assert.equal(logsReceived, BigInt(count));
    const expected = Array.from({ length: count }, (_, index) => `line ${count - 1 - index}`);
    assert.deepEqual(await listAll(userId, 1_000), expected);
  });
}

test("pages of any size, together, are all of the caller's lines, latest first", async () => {
  const [userId, other] = [await addUser(db.queries), await addUser(db.queries)];
  await upload(userId, linesOf(100));
  await upload(other, [{ message: "of somebody else" }]);
  const all = await listAll(userId, 1_000);
  assert.equal(all.length, 100);
  for (const pageSize of [1, 7, 99, 100]) assert.deepEqual(await listAll(userId, pageSize), all);
});

test("min_severity leaves out what is below it", async () => {
  const userId = await addUser(db.queries);
  const severities = [Severity.DEBUG, Severity.ERROR, Severity.INFO, Severity.WARN, Severity.UNSPECIFIED];
  const entries = severities.map((severity, index) => ({
    severity,
    message: String(severity),
    time: timestampFromMs(index),
  }));
  await upload(userId, entries);
  assert.deepEqual(await listAll(userId, 2, Severity.WARN), ["3", "4"]);
});

test("a line without a time takes the time of its arrival, and attributes come back", async () => {
  const userId = await addUser(db.queries);
  const from = Date.now();
  await upload(userId, [{ message: "a", attributes: { host: "web-1" } }]);
  const request = create(ListLogsRequestSchema, {});
  const { entries } = await service.listLogs(request, contextOf(method.listLogs, { subject: userId }));
  const [entry] = entries ?? [];
  assert.deepEqual(entry?.attributes, { host: "web-1" });
  const ms = Number(entry?.time?.seconds) * 1_000 + (entry?.time?.nanos ?? 0) / 1e6;
  assert.ok(ms >= from && ms <= Date.now());
});

test("a page of long lines ends before it is too big to be received", async () => {
  const userId = await addUser(db.queries);
  const entries = Array.from({ length: 40 }, (_, index) => ({
    message: `${index} `.padEnd(65_536, "x"),
    time: timestampFromMs(index),
  }));
  await upload(userId, entries, 10);
  const request = create(ListLogsRequestSchema, { pageSize: 1_000 });
  const page = await service.listLogs(request, contextOf(method.listLogs, { subject: userId }));
  assert.equal(page.entries?.length, 16);
  assert.equal((await listAll(userId, 1_000)).length, 40);
});

test("a cancelled upload keeps what was committed", async () => {
  const userId = await addUser(db.queries);
  const requests = createRequestStream<UploadLogsRequest>();
  const cancel = new AbortController();
  const work = service.uploadLogs(
    requests,
    contextOf(method.uploadLogs, { subject: userId, signal: cancel.signal }),
  );
  requests.send(create(UploadLogsRequestSchema, { entries: [{ message: "kept" }] }));
  // Writes go in order, so the line is committed when a later one is; the stream is still open.
  while ((await listAll(userId, 10)).length === 0) await db.store.ping();
  const reason = new ConnectError("gone", Code.Canceled);
  cancel.abort(reason);
  requests.fail(reason);
  await assert.rejects(work, reason);
  assert.deepEqual(await listAll(userId, 10), ["kept"]);
});

test("an upload of a user who does not exist fails, and stores nothing", async () => {
  const nobody = "00000000-0000-4000-8000-00000000dead";
  await assert.rejects(upload(nobody, linesOf(3_000)));
  assert.deepEqual(await listAll(nobody, 10), []);
});

test("without a user, both methods are UNAUTHENTICATED", async () => {
  const isRefusal = (error: unknown) => error instanceof ConnectError && error.code === Code.Unauthenticated;
  await assert.rejects(service.uploadLogs(uploadOf([], 1), contextOf(method.uploadLogs)), isRefusal);
  const list = async () => service.listLogs(create(ListLogsRequestSchema, {}), contextOf(method.listLogs));
  await assert.rejects(list, isRefusal);
});
