import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { createLogOutput, type LostBytes } from "../../../src/runrpc/log/log-output.ts";

/** A pipe that nobody reads until the test does; Linux gives it 64 KiB. */
function pipe(t: TestContext): { readonly fd: number; read(): Buffer } {
  const folder = mkdtempSync(join(tmpdir(), "runrpc-output-"));
  const path = join(folder, "pipe");
  execFileSync("mkfifo", [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  t.after(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  const bytes = Buffer.alloc(65_536);
  return { fd, read: () => Buffer.from(bytes.subarray(0, readSync(fd, bytes))) };
}

test("bytes leave in order, what is above the bound is dropped, and its number is told when somebody reads", async (t) => {
  const { fd, read } = pipe(t);
  const told = Promise.withResolvers<LostBytes>();
  const output = createLogOutput(fd, { maxWaitingBytes: 100_000, onLost: told.resolve });
  output.write(Buffer.alloc(99_999, 1));
  output.write(Buffer.alloc(1, 2));
  output.write(Buffer.alloc(1, 3));
  output.write(Buffer.alloc(7, 3));
  let seen = Buffer.alloc(0);
  while (seen.length < 100_000) {
    await new Promise(setImmediate);
    try {
      seen = Buffer.concat([seen, read()]);
    } catch {
      // Nothing has come yet.
    }
  }
  assert.deepEqual(seen, Buffer.concat([Buffer.alloc(99_999, 1), Buffer.alloc(1, 2)]));
  assert.deepEqual(await told.promise, { droppedBytes: 8, cause: undefined });
});

test("the last flush waits for a reader for a bounded time", (t) => {
  const { fd } = pipe(t);
  const output = createLogOutput(fd, { maxWaitingBytes: 1_000_000, onLost: () => {}, lastWordsMs: 50 });
  for (let count = 0; count < 10; count++) output.write(Buffer.alloc(65_536));
  const before = performance.now();
  output.flushSync();
  const tookMs = performance.now() - before;
  assert.ok(tookMs >= 50 && tookMs < 5_000, `${tookMs} ms`);
});

test("an error loses what waits, and what comes later is tried again and tells of it", async (t) => {
  const broken = openSync(tmpdir(), "r"); // a folder takes no bytes
  const told = Promise.withResolvers<LostBytes>();
  const output = createLogOutput(broken, { maxWaitingBytes: 1_000, onLost: told.resolve });
  output.write(Buffer.alloc(10));
  await new Promise((resolve) => setTimeout(resolve, 20)); // the error tells nobody
  closeSync(broken);
  const same = openSync("/dev/null", "w");
  t.after(() => closeSync(same));
  assert.equal(same, broken, "the system gives the lowest number that is free");
  output.write(Buffer.alloc(3));
  assert.deepEqual(await told.promise, { droppedBytes: 10, cause: "EBADF" });
});
