// Who else has a database file, by stores of this process; test/runrpc/cli/two-servers.test.ts has it by processes.
import assert from "node:assert/strict";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import type { StoreLog } from "../../../../src/runrpc/data/store.ts";
import { openTestStore, tempDirectory } from "../fixture/open.ts";

const GIVE_UP_MS = 60_000;

function keptLog() {
  const lines: string[] = [];
  const heard = new Set<() => void>();
  const keep = (_: object, message: string): void => {
    lines.push(message);
    for (const hear of heard) hear();
  };
  const log: StoreLog = { info: keep, warn: keep, error: keep };
  async function until(pattern: RegExp): Promise<string> {
    const giveUp = AbortSignal.timeout(GIVE_UP_MS);
    for (;;) {
      const found = lines.find((line) => pattern.test(line));
      if (found !== undefined) return found;
      const said = Promise.withResolvers<void>();
      heard.add(said.resolve);
      giveUp.addEventListener("abort", () =>
        said.reject(new Error(`no ${pattern} among:\n${lines.join("\n")}`)),
      );
      await said.promise;
      heard.delete(said.resolve);
    }
  }
  return { log, lines, until };
}

async function newFile(t: TestContext): Promise<string> {
  return join(await tempDirectory(t), "db.sqlite");
}

/** The files beside a database by which its servers know of each other. */
function lockFiles(file: string): readonly string[] {
  return readdirSync(dirname(file)).filter((name) => name.startsWith(`${basename(file)}-server`));
}

test("a second server of a file is told who has it, and when that has ended; both write meanwhile, and leave nothing", async (t) => {
  const file = await newFile(t);
  const [one, two] = [keptLog(), keptLog()];
  const first = await openTestStore(t, { file, log: one.log, servingLock: true });
  const second = await openTestStore(t, { file, log: two.log, servingLock: true });
  const told = await two.until(/^another server has /);
  assert.ok(told.includes(`${file}, process ${process.pid} on ${hostname()}, since 2`), told);
  await first.queries.items.insertName("one");
  await second.queries.items.insertName("two");
  assert.deepEqual(one.lines, []);
  assert.equal(statSync(`${file}-server`).mode & 0o777, 0o600);
  await first.close();
  assert.match(await two.until(/ended/), /this one has the database .* alone$/);
  assert.deepEqual(lockFiles(file), ["db.sqlite-server"]);
  await second.close();
  assert.deepEqual(lockFiles(file), []);
  assert.equal(two.lines.length, 2);
});

test("who goes beside a server is told of nothing, and tells nobody", async (t) => {
  const file = await newFile(t);
  const { log, lines } = keptLog();
  await openTestStore(t, { file, log, servingLock: true });
  const beside = await openTestStore(t, { file, log });
  await beside.close();
  const server = await openTestStore(t, { file: await newFile(t), log });
  await server.queries.items.insertName("served");
  assert.deepEqual(lines, []);
  assert.deepEqual(lockFiles(server.database), []);
});

for (const [what, spoil] of [
  ["a folder", (path: string) => mkdir(path)],
  ["no database", async (path: string) => writeFileSync(path, "hello ".repeat(3_000))],
] as const)
  test(`a file is served where its lock cannot be taken, which is ${what}, and the log says so`, async (t) => {
    const file = await newFile(t);
    await spoil(`${file}-server`);
    const { log, until, lines } = keptLog();
    const store = await openTestStore(t, { file, log, servingLock: true });
    await until(/^whether another server has .* cannot be seen: /);
    await store.queries.items.insertName("served");
    await store.close();
    assert.equal(lines.length, 1);
  });
