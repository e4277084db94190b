import assert from "node:assert/strict";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { examineDatabase, migrateDatabase } from "../../../../src/runrpc/data/maintenance.ts";
import { DataError } from "../../../../src/runrpc/data/store.ts";
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

test("sessions that are read-only by default stop a migration with what to change, and no start that has none to apply", {
  skip,
}, async (t) => {
  const url = await server.createDatabase();
  const folder = await copyOfMigrations(t);
  const options = { url, modules: noModules, migrations: folder };
  const database = new URL(url).pathname.slice(1);
  await server.query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
  await assert.rejects(migrateDatabase(options), (error: Error) => {
    assert.match(
      error.message,
      /cannot be migrated: .* read-only transaction: switch off default_transaction_read_only/,
    );
    return true;
  });
  const writes = async () => (await examineDatabase(options)).checks.find(({ name }) => name === "writes");
  assert.equal((await writes())?.state, "warning");
  await server.query(`ALTER DATABASE ${database} SET default_transaction_read_only = off`);
  await migrateDatabase(options);
  await server.query(`ALTER DATABASE ${database} SET default_transaction_read_only = on`);
  assert.deepEqual((await migrateDatabase(options)).applied, []);
});

test("a path without a schema to create in is told by the doctor and by a migration", { skip }, async (t) => {
  const url = await server.createDatabase();
  const folder = await copyOfMigrations(t);
  const options = { url, modules: noModules, migrations: folder };
  const database = new URL(url).pathname.slice(1);
  const schema = async (of: string) => {
    const { checks } = await examineDatabase({ ...options, url: of });
    return checks.find(({ name }) => name === "schema");
  };
  assert.deepEqual(await schema(url), { name: "schema", state: "ok", text: "public" });
  await server.query(`ALTER DATABASE ${database} SET search_path = nowhere, "$user"`);
  assert.deepEqual(await schema(url), {
    name: "schema",
    state: "failed",
    text: 'search_path is nowhere, "$user", which names none that there is and the role may use',
  });
  await assert.rejects(
    migrateDatabase(options),
    /cannot be migrated: .*: name one that there is in search_path/,
  );
  await server.query(`ALTER DATABASE ${database} SET search_path = ''`);
  assert.equal((await schema(url))?.state, "failed");
  await server.query(`ALTER DATABASE ${database} RESET search_path`);
  const guest = new URL(url);
  await server.query("CREATE ROLE reader LOGIN PASSWORD 'reader'");
  await server.query("REVOKE CREATE ON SCHEMA public FROM PUBLIC", [], url);
  [guest.username, guest.password] = ["reader", "reader"];
  assert.equal((await schema(guest.href))?.state, "warning");
});

/** The last: the server stays one. */
test("a standby is refused before anything is asked of it, and told by the doctor", { skip }, async (t) => {
  const url = await server.createDatabase();
  const folder = await copyOfMigrations(t);
  const options = { url, modules: noModules, migrations: folder };
  await migrateDatabase(options);
  await server.crashToStandby();
  await assert.rejects(migrateDatabase(options), (error: Error) => {
    assert.ok(error instanceof DataError && error.code === "failed_precondition", String(error));
    assert.match(
      error.message,
      /^the database postgres:\S+ is on a standby, which takes no writes: name its primary/,
    );
    return true;
  });
  const { checks } = await examineDatabase(options);
  assert.deepEqual(
    checks.filter(({ state }) => state === "failed"),
    [{ name: "writes", state: "failed", text: "the server takes none: it is a standby" }],
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
