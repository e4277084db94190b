import assert from "node:assert/strict";
import { test } from "node:test";
import type { LogLine } from "../../../src/services/logs/row.ts";
import { createUpload } from "../../../src/services/logs/upload.ts";

const line: LogLine = { time: new Date(0), severity: 0, message: "m", attributes: null, size: 1 };

/** An insert that a test completes by hand. */
function createInserts() {
  const open: { readonly count: number; finish(): void; fail(reason: unknown): void }[] = [];
  const insert = (lines: readonly LogLine[]) =>
    new Promise<number>((resolve, fail) => {
      open.push({ count: lines.length, finish: () => resolve(lines.length), fail });
    });
  return { open, insert };
}

async function untilIdle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test("lines of one turn of the loop go into one insert", async () => {
  const { open, insert } = createInserts();
  const upload = createUpload(insert);
  for (let index = 0; index < 10; index++) await upload.add([line, line]);
  await untilIdle();
  assert.deepEqual(
    open.map(({ count }) => count),
    [20],
  );
});

test("a producer waits while two inserts and a full batch are under way, and goes on when one is done", async () => {
  const { open, insert } = createInserts();
  const upload = createUpload(insert);
  const thousand = Array.from({ length: 1_000 }, () => line);
  await upload.add(thousand);
  await upload.add(thousand);
  let added = false;
  const third = upload.add(thousand).then(() => {
    added = true;
  });
  await untilIdle();
  assert.deepEqual([open.length, added], [2, false]);
  open[0]?.finish();
  await third;
  assert.deepEqual(
    open.map(({ count }) => count),
    [1_000, 1_000, 1_000],
  );
  open[1]?.finish();
  open[2]?.finish();
  assert.equal(await upload.finish(), 3_000);
});

test("long lines fill a batch before a thousand do", async () => {
  const { open, insert } = createInserts();
  const upload = createUpload(insert);
  await upload.add([{ ...line, size: 3_000_000 }]);
  await upload.add([{ ...line, size: 3_000_000 }]);
  assert.deepEqual(
    open.map(({ count }) => count),
    [2],
  );
});

test("an insert that fails fails the upload, also when a later one succeeds", async () => {
  const { open, insert } = createInserts();
  const upload = createUpload(insert);
  const reason = new Error("disk full");
  await upload.add([line]);
  await untilIdle();
  await upload.add([line]);
  await untilIdle();
  open[0]?.fail(reason);
  open[1]?.finish();
  await assert.rejects(upload.finish(), reason);
  await assert.rejects(upload.add([line]), reason);
});
