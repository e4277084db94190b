import type { CopyOptions, CopyReport } from "./copy/copy-database.ts";
import { DataError } from "./data-error.ts";
import type { Examination } from "./examination.ts";
import { loadPostgres } from "./load-postgres.ts";
import type { MigrationsReport } from "./migrations.ts";
import type { StoreOptions } from "./open-store.ts";
import type { OwnDatabase } from "./postgres/own-database.ts";
import { type BackupOptions, type BackupReport, backupDatabase as backUpFile } from "./sqlite/backup.ts";
import { examineDatabase as examineFile } from "./sqlite/doctor.ts";
import { migrateDatabase as migrateFile } from "./sqlite/migrate.ts";

export type { CopyOptions, CopyProgress, CopyReport } from "./copy/copy-database.ts";
export type { Check, Examination } from "./examination.ts";
export type { BackupOptions, BackupReport } from "./sqlite/backup.ts";

/** Applies the migrations and ends, for the `migrate` command. Safe beside a running server. Throws the errors of `openStore`. */
export async function migrateDatabase(options: StoreOptions): Promise<MigrationsReport> {
  if (!("url" in options)) return migrateFile(options);
  const { migrateDatabase: migrate } = await loadPostgres(() => import("./postgres/migrate.ts"));
  return migrate(options);
}

/**
 * Looks a database over, beside whoever serves it, and changes nothing. What is missing is a failed check.
 *
 * @param processes how many serve it, on one machine
 */
export async function examineDatabase(options: StoreOptions, processes = 1): Promise<Examination> {
  if (!("url" in options)) return examineFile(options);
  const { examineDatabase: examine } = await loadPostgres(() => import("./postgres/doctor.ts"));
  return examine(options, processes);
}

/** Copies an SQLite database into a file. Throws `failed_precondition` for one of a server, which has tools of its own. */
export async function backupDatabase(
  options: StoreOptions,
  target: string,
  backup: BackupOptions = {},
): Promise<BackupReport> {
  if (!("url" in options)) return backUpFile(options, target, backup);
  throw new DataError(
    "failed_precondition",
    "a database of Postgres is backed up by its own tools: pg_dump --format=custom --file FILE URL",
  );
}

/**
 * Copies all rows of an SQLite database into one of Postgres, for the `copy` command; see `copy/copy-database.ts`. Throws
 * `invalid_argument` for another direction.
 */
export async function copyDatabase(
  from: StoreOptions,
  to: StoreOptions,
  options: CopyOptions,
): Promise<CopyReport> {
  if ("url" in from || !("url" in to))
    throw new DataError("invalid_argument", "rows are copied from SQLite to Postgres, and no other way");
  const { copyDatabase: copy } = await loadPostgres(() => import("./copy/copy-database.ts"));
  return copy(from, to, options);
}

/** Makes an empty database on the server that the URL of another one names, for tests. */
export async function makeOwnDatabase(url: string): Promise<OwnDatabase> {
  const { makeOwnDatabase: make } = await loadPostgres(() => import("./postgres/own-database.ts"));
  return make(url);
}
