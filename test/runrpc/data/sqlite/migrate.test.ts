import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { openStore } from "../../../../src/runrpc/data/open-store.ts";
import { migrateDatabase } from "../../../../src/runrpc/data/sqlite/migrate.ts";
import { DataError } from "../../../../src/runrpc/data/store.ts";
import { codeOf, migrations, openTestStore, tempDirectory, worker } from "../fixture/open.ts";
import type { Modules } from "../fixture/worker.ts";

const first = "20261122182905_items";

async function freshFolder(t: TestContext) {
  const directory = await tempDirectory(t);
  const folder = join(directory, "migrations");
  await cp(migrations, folder, { recursive: true });
  const add = async (name: string, sql: string) => {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, name, "migration.sql"), sql);
  };
  return { options: { file: join(directory, "db.sqlite"), worker, migrations: folder }, add };
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const [result] = await Promise.allSettled([promise]);
  assert.ok(result?.status === "rejected" && result.reason instanceof DataError);
  assert.equal(result.reason.code, "failed_precondition");
  return result.reason.message;
}

test("migrations are applied once, in the order of their names", async (t) => {
  const { options, add } = await freshFolder(t);
  await add("20270101000000_b", "ALTER TABLE `later` ADD `x` integer;");
  await add("20261231000000_a", "CREATE TABLE `later` (`id` integer);");
  const all = [first, "20261231000000_a", "20270101000000_b"];
  assert.deepStrictEqual(await migrateDatabase(options), { created: true, applied: all, present: [] });
  assert.deepStrictEqual(await migrateDatabase(options), { created: false, applied: [], present: all });
});

test("a database that is newer than the code is refused", async (t) => {
  const { options, add } = await freshFolder(t);
  await add("20270101000000_newer", "CREATE TABLE `newer` (`id` integer);");
  await migrateDatabase(options);
  const message = await refusal(openStore({ ...options, migrations }));
  assert.match(message, /20270101000000_newer.*newer than the code/);
  assert.ok(message.includes(options.file));
});

test("an edited migration is refused, changed line ends are not", async (t) => {
  const { options, add } = await freshFolder(t);
  await add("20270101000000_x", "CREATE TABLE `x` (\n`id` integer);");
  await migrateDatabase(options);
  await add("20270101000000_x", "CREATE TABLE `x` (\r\n`id` integer);");
  await migrateDatabase(options);
  await add("20270101000000_x", "CREATE TABLE `x` (\n`id` text);");
  assert.match(await refusal(migrateDatabase(options)), /another text of the migration 20270101000000_x/);
});

test("a migration older than the last applied one is refused", async (t) => {
  const { options, add } = await freshFolder(t);
  await migrateDatabase(options);
  await add("20250101000000_late", "CREATE TABLE `late` (`id` integer);");
  assert.match(await refusal(migrateDatabase(options)), /generate 20250101000000_late again/);
});

test("a migration that fails leaves nothing of itself, and those before it stay", async (t) => {
  const { options, add } = await freshFolder(t);
  await add("20270101000000_bad", "CREATE TABLE `half` (`id` integer);\n--> statement-breakpoint\nnonsense;");
  assert.match(await refusal(migrateDatabase(options)), /20270101000000_bad: near "nonsense"/);
  await add("20270101000000_bad", "CREATE TABLE `half` (`id` integer);");
  const report = await migrateDatabase(options);
  assert.deepStrictEqual(report, { created: false, applied: ["20270101000000_bad"], present: [first] });
});

test("rebuilding a table as drizzle-kit does keeps the rows that refer to it", async (t) => {
  const { options, add } = await freshFolder(t);
  const before = await openTestStore(t, options);
  const { id } = await before.queries.items.insertItem({ name: "kept" });
  await before.queries.items.insertPart({ itemId: id, label: "kept too" });
  await before.close();
  await add(
    "20270101000000_rebuild",
    [
      "PRAGMA foreign_keys=OFF;",
      "CREATE TABLE `__new_items` (`id` integer PRIMARY KEY AUTOINCREMENT, `name` text NOT NULL UNIQUE, `at` integer, `big` blob, `meta` text, `raw` blob, `amount` integer DEFAULT 0 NOT NULL);",
      "INSERT INTO `__new_items` SELECT * FROM `items`;",
      "DROP TABLE `items`;",
      "ALTER TABLE `__new_items` RENAME TO `items`;",
      "PRAGMA foreign_keys=ON;",
    ].join("\n--> statement-breakpoint\n"),
  );
  await using after = await openStore<Modules>(options);
  assert.equal(await after.queries.items.countParts(), 1);
});

test("processes that migrate one database at once apply each migration once", async (t) => {
  const { options } = await freshFolder(t);
  const program = `
    import { migrateDatabase } from ${JSON.stringify(new URL("../../../../src/runrpc/data/sqlite/migrate.ts", import.meta.url))};
    const options = JSON.parse(process.argv[1]);
    console.log(JSON.stringify(await migrateDatabase({ ...options, worker: new URL(options.worker) })));`;
  const reports = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ["-e", program, JSON.stringify(options)]);
      const chunks: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
      child.stderr.pipe(process.stderr);
      await once(child, "close");
      return JSON.parse(Buffer.concat(chunks).toString());
    }),
  );
  assert.equal(reports.filter((report) => report.created).length, 1);
  assert.deepStrictEqual(
    reports.flatMap((report) => report.applied),
    [first],
  );
});

test("a migration that leaves broken foreign keys is refused, and leaves nothing of itself", async (t) => {
  const { options, add } = await freshFolder(t);
  await migrateDatabase(options);
  await add(
    "20270101000000_orphan",
    "INSERT INTO `parts` (`item_id`, `label`) VALUES (99, 'orphan');\n--> statement-breakpoint\nCREATE TABLE `half` (`id` integer);",
  );
  assert.match(
    await refusal(migrateDatabase(options)),
    /20270101000000_orphan: it leaves 1 rows with broken foreign keys/,
  );
  await add("20270101000000_orphan", "CREATE TABLE `half` (`id` integer);");
  const store = await openTestStore(t, options);
  assert.equal(await store.queries.items.countParts(), 0);
});

test("later migrations are let be when allowNewer says so, unless one comes from another line", async (t) => {
  const { options, add } = await freshFolder(t);
  await add("20270101000000_newer", "CREATE TABLE `newer` (`id` integer);");
  await add("20270201000000_newest", "CREATE TABLE `newest` (`id` integer);");
  await migrateDatabase(options);
  const older = { ...options, migrations };
  assert.match(
    await refusal(migrateDatabase(older)),
    /20270101000000_newer, 20270201000000_newest.*allow_newer/,
  );
  const names = ["20270101000000_newer", "20270201000000_newest"];
  assert.deepStrictEqual(await migrateDatabase({ ...older, allowNewer: true }), {
    created: false,
    applied: [],
    present: [first, ...names],
    newer: names,
  });
  const store = await openTestStore(t, { ...older, allowNewer: true });
  assert.equal(await codeOf(store.queries.items.insertName("a")), "ok");
  await store.close();

  const other = await freshFolder(t);
  await other.add("20250101000000_early", "CREATE TABLE `early` (`id` integer);");
  await migrateDatabase(other.options);
  const message = await refusal(migrateDatabase({ ...other.options, migrations, allowNewer: true }));
  assert.match(message, /20250101000000_early/);
  assert.doesNotMatch(message, /allow_newer/);
});
