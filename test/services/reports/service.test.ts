import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { startTestApp, type TestApp } from "runrpc/testing";
import { LogService, Severity, UploadLogsRequestSchema } from "../../../gen/logs/v1/logs_pb.ts";
import { ReportService } from "../../../gen/reports/v1/reports_pb.ts";
import { UserService } from "../../../gen/users/v1/users_pb.ts";
import definition from "../../../src/main.ts";

/** Four lines share each millisecond, so that the pages of a thousand break within one. */
const perMs = 4;
const count = 3_001;

let app: TestApp;

before(async () => {
  app = await startTestApp(definition);
});

after(() => app[Symbol.asyncDispose]());

async function upload(from: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, index) => ({
    time: timestampFromMs(from + Math.floor(index / perMs)),
    severity: Severity.INFO,
    message: `request ${index} took ${index} ms`,
    attributes: index % 3 === 0 ? { ms: String(index), host: "web-1" } : {},
  }));
  const { uploadLogs } = app.client(LogService);
  await uploadLogs(
    (async function* () {
      for (let at = 0; at < count; at += 500)
        yield create(UploadLogsRequestSchema, { entries: entries.slice(at, at + 500) });
    })(),
  );
}

test("a summary is of all of the caller's lines in its time, once each", async () => {
  await upload(1e12);
  const { summarizeLogs } = app.client(ReportService);
  const whole = await summarizeLogs({ attribute: "ms", ranks: [0, 50, 100] });
  assert.deepEqual([whole.lines, whole.measured, whole.least, whole.greatest], [3_001n, 1_001n, 0, 3_000]);
  assert.ok(Math.abs(whole.mean - 1_500) < 1e-6);
  assert.deepEqual(
    whole.percentiles.map(({ value }) => value),
    [0, 1_500, 3_000],
  );
  assert.deepEqual(
    whole.patterns.map(({ text, count: lines }) => [text, lines]),
    [["request # took # ms", 3_001n]],
  );
  const part = await summarizeLogs({ since: timestampFromMs(1e12 + 10), until: timestampFromMs(1e12 + 20) });
  assert.equal(part.lines, BigInt(10 * perMs));
  const none = await summarizeLogs({ since: timestampFromMs(1e12 + 20), until: timestampFromMs(1e12 + 20) });
  assert.equal(none.lines, 0n);
});

test("an export is a gzip file of the lines, the oldest first, and tells how far it is", async () => {
  await upload(2e12);
  const parts: Uint8Array[] = [];
  const progress: string[] = [];
  for await (const { part } of app.client(ReportService).exportLogs({ since: timestampFromMs(2e12) })) {
    if (part.case === "data") parts.push(part.value);
    else if (part.case === "progress") progress.push(`${part.value.lines} of ${part.value.total}`);
  }
  assert.deepEqual(progress, ["1000 of 3001", "2000 of 3001", "3000 of 3001", "3001 of 3001"]);
  const lines = gunzipSync(Buffer.concat(parts))
    .toString()
    .trimEnd()
    .split("\n")
    .map((text) => JSON.parse(text) as Record<string, unknown>);
  assert.equal(lines.length, count);
  lines.forEach(({ time, severity, message, attributes }, index) => {
    assert.deepEqual(
      [time, severity, message],
      [
        new Date(2e12 + Math.floor(index / perMs)).toISOString(),
        Severity.INFO,
        `request ${index} took ${index} ms`,
      ],
    );
    assert.deepEqual(attributes, index % 3 === 0 ? { ms: String(index), host: "web-1" } : undefined);
  });
});

test("somebody else's lines are not in them, and a key without logs.read is refused", async () => {
  const email = "somebody.else@example.com";
  await app.client(UserService).createUser({ email, displayName: "Somebody Else" });
  const key = await app.createKey({ scopes: ["logs.read"], user: email });
  assert.equal((await app.client(ReportService, { key }).summarizeLogs({})).lines, 0n);
  const other = await app.createKey({ scopes: ["users.read"] });
  await assert.rejects(app.client(ReportService, { key: other }).summarizeLogs({}), {
    code: Code.PermissionDenied,
  });
});

test("a rank above 100 and a time past the year 9999 are refused", async () => {
  const { summarizeLogs } = app.client(ReportService);
  for (const request of [{ ranks: [100.5] }, { since: { seconds: 253_402_300_800n, nanos: 0 } }]) {
    const error = await summarizeLogs(request).then(
      () => assert.fail("it was answered"),
      (reason: unknown) => ConnectError.from(reason),
    );
    assert.equal(error.code, Code.InvalidArgument);
  }
});

test("an export that is left gives its thread back", async () => {
  const { exportLogs, summarizeLogs } = app.client(ReportService);
  for (let round = 0; round < 3; round++) {
    for await (const { part } of exportLogs({})) if (part.case === "progress") break;
  }
  assert.equal((await summarizeLogs({})).lines, BigInt(2 * count));
});
