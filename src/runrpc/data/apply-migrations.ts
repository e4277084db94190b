import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Database } from "better-sqlite3";
import { DataError } from "./data-error.ts";
import type { MigrationsReport } from "./thread-protocol.ts";

interface Migration {
  readonly name: string;
  readonly hash: string;
  readonly statements: readonly string[];
}

/**
 * Brings a database up to the migrations that drizzle-kit wrote into `folder` (one directory each, `migration.sql`
 * inside, named so that they sort by age): in order, once each, each in a transaction of its own that also records
 * its name and hash. Processes that race wait for each other. Throws a `failed_precondition` {@link DataError}, and
 * changes nothing more, on a database that is newer than the code (unless `allowNewer`), an edited migration, one older than the last applied
 * one, or one that leaves broken foreign keys.
 */
export function applyMigrations(
  client: Database,
  folder: string,
  allowNewer: boolean = false,
): MigrationsReport {
  const migrations = readMigrations(folder);
  // drizzle-kit rebuilds a table by dropping the old one, which deletes the rows that refer to it while foreign keys
  // are on; and the pragma inside its file has no effect within a transaction (https://sqlite.org/pragma.html#pragma_foreign_keys).
  client.pragma("foreign_keys = OFF");
  try {
    const created = immediate(client, () => makeTable(client));
    const present = immediate(client, () => check(client, migrations, allowNewer));
    const applied: string[] = [];
    for (const migration of migrations) {
      if (immediate(client, () => applyOne(client, migrations, migration, allowNewer)))
        applied.push(migration.name);
    }
    const newer = present.filter((name) => !migrations.some((migration) => migration.name === name));
    return { created, applied, present, ...(newer.length === 0 ? {} : { newer }) };
  } finally {
    client.pragma("foreign_keys = ON");
  }
}

/** How the migrations of a database and those of the code differ. */
export interface MigrationsDifference {
  readonly present: readonly string[];
  /** Known to the code and not applied. */
  readonly pending: readonly string[];
  /** Applied and not known to the code. */
  readonly newer: readonly string[];
  /** Applied with another text than the code has. */
  readonly edited: readonly string[];
}

/** Compares without changing anything. Throws for a folder that does not exist. */
export function compareMigrations(client: Database, folder: string): MigrationsDifference {
  const known = client.prepare("SELECT 1 FROM sqlite_master WHERE name = 'runrpc_migrations'").get();
  return compare(readMigrations(folder), known === undefined ? [] : appliedTo(client));
}

function compare(
  migrations: readonly Migration[],
  rows: readonly { readonly name: string; readonly hash: string }[],
): MigrationsDifference {
  const hashes = new Map(rows.map(({ name, hash }) => [name, hash]));
  const known = new Set(migrations.map(({ name }) => name));
  return {
    present: rows.map(({ name }) => name),
    pending: [...known].filter((name) => !hashes.has(name)),
    newer: rows.map(({ name }) => name).filter((name) => !known.has(name)),
    edited: migrations
      .filter(({ name, hash }) => (hashes.get(name) ?? hash) !== hash)
      .map(({ name }) => name),
  };
}

/** The first few of many names. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown;
}

function readMigrations(folder: string): Migration[] {
  if (!existsSync(folder)) {
    throw new DataError("failed_precondition", `the migrations folder ${folder} does not exist`);
  }
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "migration.sql")))
    .sort()
    .map((name) => {
      // A checkout that turns line ends into CRLF has not edited the migration.
      const sql = readFileSync(join(folder, name, "migration.sql"), "utf8").replaceAll("\r\n", "\n");
      const statements = sql.split("--> statement-breakpoint").filter((statement) => statement.trim() !== "");
      return { name, hash: createHash("sha256").update(sql).digest("hex"), statements };
    });
}

function immediate<T>(client: Database, run: () => T): T {
  return client.transaction(run).immediate();
}

function makeTable(client: Database): boolean {
  const known = client.prepare("SELECT 1 FROM sqlite_master WHERE name = 'runrpc_migrations'").get();
  if (known !== undefined) return false;
  client.exec(
    "CREATE TABLE runrpc_migrations (name TEXT PRIMARY KEY, hash TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT",
  );
  return true;
}

function appliedTo(client: Database): { readonly name: string; readonly hash: string }[] {
  const rows = client.prepare("SELECT name, hash FROM runrpc_migrations ORDER BY name").all();
  return rows as { name: string; hash: string }[]; // Our own table: better-sqlite3 cannot know its columns.
}

function check(client: Database, migrations: readonly Migration[], allowNewer: boolean): string[] {
  const present = appliedTo(client);
  const { newer, edited } = compare(migrations, present);
  // One that is unknown and yet older than what the code knows comes from another line of development.
  const lastKnown = migrations.at(-1)?.name ?? "";
  if (newer.length > 0 && !(allowNewer && newer.every((name) => name > lastKnown)))
    throw refusal(
      client,
      `has the migration ${listed(newer)}, which this code does not know: it is newer than the code. Update the code, or use another database${
        newer.every((name) => name > lastKnown)
          ? "; if you know that it only adds, it can be served with database.allow_newer"
          : ""
      }`,
    );
  const [name] = edited;
  if (name !== undefined)
    throw refusal(
      client,
      `was made with another text of the migration ${name}: restore the file, and put the change into a migration of its own`,
    );
  const last = present.findLast((row) => !newer.includes(row.name))?.name;
  const late = migrations.find(
    ({ name }) => last !== undefined && name < last && !present.some((row) => row.name === name),
  );
  if (late !== undefined)
    throw refusal(
      client,
      `already has ${last}, which comes after the migration ${late.name}: generate ${late.name} again, so that it comes last`,
    );
  return present.map((row) => row.name);
}

function applyOne(
  client: Database,
  migrations: readonly Migration[],
  migration: Migration,
  allowNewer: boolean,
): boolean {
  // Another process may have been here since the last transaction.
  if (check(client, migrations, allowNewer).includes(migration.name)) return false;
  try {
    for (const statement of migration.statements) client.exec(statement);
  } catch (error) {
    throw refusal(
      client,
      `cannot take the migration ${migration.name}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const broken = client.pragma("foreign_key_check");
  if (Array.isArray(broken) && broken.length > 0) {
    throw refusal(
      client,
      `cannot take the migration ${migration.name}: it leaves ${broken.length} rows with broken foreign keys`,
    );
  }
  client
    .prepare("INSERT INTO runrpc_migrations (name, hash, applied_at) VALUES (?, ?, ?)")
    .run(migration.name, migration.hash, new Date().toISOString());
  return true;
}

function refusal(client: Database, sentence: string): DataError {
  return new DataError("failed_precondition", `the database ${client.name} ${sentence}`);
}
