import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { migrateDatabase } from "../../../../src/runrpc/data/maintenance.ts";
import { type PostgresServer, startPostgres } from "../../../postgres.ts";
import { migrations, tempDirectory } from "../fixture/open.ts";
import { skip } from "./fixture.ts";

let server: PostgresServer;

before(async () => {
  if (skip === false) server = await startPostgres();
});

after(() => server?.stop());

test("migrations are applied once, by one of those that start at once", { skip }, async (t) => {
  const url = await server.createDatabase();
  const folder = await copyOfMigrations(t);
  const options = { url, modules: noModules, migrations: folder };
  const reports = await Promise.all(Array.from({ length: 4 }, () => migrateDatabase(options)));
  assert.deepEqual(reports.map(({ created, applied }) => [created, applied.length]).sort(), [
    [false, 0],
    [false, 0],
    [false, 0],
    [true, 1],
  ]);
  addMigration(folder, "20990101000000_later", 'CREATE TABLE "later" ("id" bigint)');
  assert.deepEqual((await migrateDatabase(options)).applied, ["20990101000000_later"]);
  assert.deepEqual((await migrateDatabase(options)).applied, []);
});

test("a migration that fails leaves nothing of itself, and is told by its name", { skip }, async (t) => {
  const url = await server.createDatabase();
  const folder = await copyOfMigrations(t);
  const options = { url, modules: noModules, migrations: folder };
  const statements =
    'CREATE TABLE "half" ("id" bigint);\n--> statement-breakpoint\nCREATE TABLE "half" ("id" bigint)';
  addMigration(folder, "20990101000000_half", statements);
  await assert.rejects(
    migrateDatabase(options),
    /cannot take the migration 20990101000000_half: .*already exists/,
  );
  const { rows } = await server.query(
    "select to_regclass('half') as half, to_regclass('items') is not null as items",
    [],
    url,
  );
  assert.deepEqual(rows, [{ half: null, items: true }]);
});

test("a database that does not fit the code is refused, and named without its password", {
  skip,
}, async (t) => {
  const url = await server.createDatabase();
  const folder = await copyOfMigrations(t);
  await migrateDatabase({ url, modules: noModules, migrations: folder });
  const shown = url.replace(/:[^/@]*@/, "@");
  await server.query("insert into migrations values ('20990101000000_unknown', 'x', 'now')", [], url);
  await assert.rejects(migrateDatabase({ url, modules: noModules, migrations: folder }), (error: Error) => {
    assert.ok(error.message.startsWith(`the database ${shown} has the migration 20990101000000_unknown`));
    return true;
  });
  const report = await migrateDatabase({ url, modules: noModules, migrations: folder, allowNewer: true });
  assert.deepEqual(report.newer, ["20990101000000_unknown"]);
  await server.query("update migrations set hash = 'edited'", [], url);
  await assert.rejects(
    migrateDatabase({ url, modules: noModules, migrations: folder, allowNewer: true }),
    /made with another text of the migration/,
  );
});

test("a database that does not hold Unicode is refused", { skip }, async (t) => {
  const url = await server.createDatabase("ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
  const folder = await copyOfMigrations(t);
  await assert.rejects(
    migrateDatabase({ url, modules: noModules, migrations: folder }),
    /holds text in SQL_ASCII/,
  );
});

const noModules = async () => ({});

async function copyOfMigrations(t: Parameters<typeof tempDirectory>[0]): Promise<string> {
  const folder = join(await tempDirectory(t), "migrations");
  cpSync(join(fileURLToPath(migrations), "postgres"), folder, { recursive: true });
  return folder;
}

function addMigration(folder: string, name: string, sql: string): void {
  mkdirSync(join(folder, name));
  writeFileSync(join(folder, name, "migration.sql"), sql);
}
