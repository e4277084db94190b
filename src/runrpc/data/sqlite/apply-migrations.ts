import type { Database } from "better-sqlite3";
import { DataError } from "../data-error.ts";
import { type History, type Migration, readHistories, refusalOf } from "../migration-history.ts";
import type { MigrationsReport, ResolvedMigrationSet } from "../migrations.ts";
import { compareHistory, hasTable } from "./migration-journal.ts";

/**
 * Brings a database up to the migrations that drizzle-kit wrote into the folders (one directory each, `migration.sql`
 * inside, named so that they sort by age): folder by folder, in order, once each, each in a transaction of its own that
 * also records its name and hash in the folder's journal. Processes that race wait for each other.
 *
 * Throws a `failed_precondition` {@link DataError}, and changes nothing more, on a database that is newer than the code
 * (unless `allowNewer`), an edited migration, one older than the last applied one, or one that leaves broken foreign keys.
 */
export function applyMigrations(
  client: Database,
  sets: readonly ResolvedMigrationSet[],
  allowNewer: boolean = false,
): MigrationsReport {
  const histories = readHistories(sets);
  // drizzle-kit rebuilds a table by dropping the old one, which deletes the rows that refer to it while foreign keys
  // are on; and the pragma inside its file has no effect within a transaction (https://sqlite.org/pragma.html#pragma_foreign_keys).
  client.pragma("foreign_keys = OFF");
  try {
    const created = immediate(client, () => makeJournals(client, histories));
    // All are checked before one is applied: what is refused is refused whole.
    const checked = immediate(client, () => histories.map((history) => check(client, history, allowNewer)));
    const applied: string[] = [];
    for (const history of histories) {
      for (const migration of history.migrations) {
        const isNew = immediate(client, () => applyOne(client, history, migration, allowNewer));
        if (isNew) applied.push(migration.name);
      }
    }
    const newer = checked.flatMap((difference) => difference.newer);
    const present = checked.flatMap((difference) => difference.present);
    return { created, applied, present, ...(newer.length === 0 ? {} : { newer }) };
  } finally {
    client.pragma("foreign_keys = ON");
  }
}

function immediate<T>(client: Database, run: () => T): T {
  return client.transaction(run).immediate();
}

/** True when none was there: the database was made just now. */
function makeJournals(client: Database, histories: readonly History[]): boolean {
  const missing = histories.filter(({ journal }) => !hasTable(client, journal));
  for (const { journal } of missing) {
    client.exec(
      `CREATE TABLE ${journal} (name TEXT PRIMARY KEY, hash TEXT NOT NULL, applied_at TEXT NOT NULL) STRICT`,
    );
  }
  return missing.length === histories.length;
}

function check(client: Database, history: History, allowNewer: boolean) {
  const difference = compareHistory(client, history);
  const sentence = refusalOf(history, difference, allowNewer);
  if (sentence !== undefined) throw refusal(client, sentence);
  return difference;
}

function applyOne(client: Database, history: History, migration: Migration, allowNewer: boolean): boolean {
  // Another process may have been here since the last transaction.
  if (check(client, history, allowNewer).present.includes(migration.name)) return false;
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
    .prepare(`INSERT INTO ${history.journal} (name, hash, applied_at) VALUES (?, ?, ?)`)
    .run(migration.name, migration.hash, new Date().toISOString());
  return true;
}

function refusal(client: Database, sentence: string): DataError {
  return new DataError("failed_precondition", `the database ${client.name} ${sentence}`);
}
