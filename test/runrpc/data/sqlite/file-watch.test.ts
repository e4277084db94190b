import assert from "node:assert/strict";
import { existsSync, statSync } from "node:fs";
import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { StoreLog } from "../../../../src/runrpc/data/store.ts";
import { codeOf, openTestStore, tempDirectory, turn } from "../fixture/open.ts";

function keptLog() {
  const lines: string[] = [];
  const log: StoreLog = {
    info: (_, message) => lines.push(message),
    warn: (_, message) => lines.push(message),
    error: (fields, message) => lines.push(`${message}: ${Reflect.get(fields, "code")}`),
  };
  return { log, lines };
}

const changes: [
  what: string,
  change: (file: string) => Promise<void>,
  back: (file: string) => Promise<void>,
][] = [
  ["removed", (file) => rename(file, `${file}.away`), (file) => rename(`${file}.away`, file)],
  [
    "replaced by a copy",
    async (file) => {
      await rename(file, `${file}.away`);
      await copyFile(`${file}.away`, file);
    },
    (file) => rename(`${file}.away`, file),
  ],
  [
    "without its log",
    (file) => rename(`${file}-wal`, `${file}.away`),
    (file) => rename(`${file}.away`, `${file}-wal`),
  ],
  [
    "in a folder that is gone",
    (file) => rename(dirname(file), `${dirname(file)}.away`),
    (file) => rename(`${dirname(file)}.away`, dirname(file)),
  ],
];

for (const [what, change, back] of changes) {
  test(`no write and no ping succeeds while the file is ${what}; both do when it is back`, async (t) => {
    const { log, lines } = keptLog();
    const folder = join(await tempDirectory(t), "folder");
    await mkdir(folder);
    const store = await openTestStore(t, { file: join(folder, "db.sqlite"), log });
    const { items } = store.queries;
    await items.insertName("before");
    await change(store.database);
    assert.deepEqual(
      [
        await codeOf(items.insertName("lost")),
        await codeOf(store.ping()),
        await codeOf(items.insertName("lost too")),
      ],
      ["unavailable", "unavailable", "unavailable"],
    );
    await back(store.database);
    await store.ping();
    assert.equal(await codeOf(items.insertName("after")), "ok");
    const written = lines.filter((line) => line.includes("written"));
    assert.deepEqual(written, [
      "the database cannot be written: unavailable",
      "the database is written again",
    ]);
  });
}

test("a worker that takes over makes no other database where the file was removed", async (t) => {
  const store = await openTestStore(t, { readers: 1 });
  const { items } = store.queries;
  await items.insertName("a");
  await rename(store.database, `${store.database}.away`);
  const died = [codeOf(items.exitInWrite("dead")), codeOf(items.exitInRead())];
  await turn();
  assert.deepEqual(await Promise.all(died), ["unavailable", "unavailable"]);
  assert.deepEqual(
    [await codeOf(items.insertName("b")), await codeOf(items.listNames())],
    ["unavailable", "unavailable"],
  );
  assert.equal(existsSync(store.database), false);
  await writeFile(store.database, "");
  assert.equal(await codeOf(items.insertName("c")), "unavailable");
  await rm(store.database);
  await rename(`${store.database}.away`, store.database);
});

test("reads notice within a tenth of a second that the file is not where it was", async (t) => {
  const store = await openTestStore(t);
  const { items } = store.queries;
  await items.listNames();
  await rename(store.database, `${store.database}.away`);
  const since = performance.now();
  let code = "ok";
  while (code === "ok" && performance.now() - since < 5_000) code = await codeOf(items.listNames());
  assert.equal(code, "unavailable");
  await rename(`${store.database}.away`, store.database);
});

test("a database that the store makes is its owner's alone, and so is its folder", async (t) => {
  const file = join(await tempDirectory(t), "made", "db.sqlite");
  const { queries } = await openTestStore(t, { file });
  await queries.items.insertName("a");
  const modes = [dirname(file), file, `${file}-wal`, `${file}-shm`].map(
    (path) => statSync(path).mode & 0o777,
  );
  assert.deepEqual(modes, [0o700, 0o600, 0o600, 0o600]);
});
