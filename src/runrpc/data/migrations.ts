import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError } from "./data-error.ts";

/** A history of one owner's tables, which goes on whatever becomes of others in the same database. */
export interface MigrationSet {
  /** The table in which its applied migrations are noted: a-z, 0-9 and `_`. That of a lone folder is `migrations`. */
  readonly journal: string;
  /** The folder that drizzle-kit writes migrations into. */
  readonly folder: URL | string;
}

/** A set whose folder is an absolute path. */
export type ResolvedMigrationSet = MigrationSet & { readonly folder: string };

/** What opening the database did to it. */
export interface MigrationsReport {
  /** True when this open made the database; two processes that race for it never both see true. */
  readonly created: boolean;
  /** Names of the migrations applied by this open, in order. */
  readonly applied: readonly string[];
  /** Names of the migrations that had been applied before, in order; of `newer` ones too. */
  readonly present: readonly string[];
  /** Those among them that this code does not know; absent when there are none. */
  readonly newer?: readonly string[];
}

/** The sets of a store, in the order in which they are applied. Throws `invalid_argument` for a journal that is no name. */
export function resolveMigrations(
  migrations: URL | string | readonly MigrationSet[],
): readonly ResolvedMigrationSet[] {
  const isFolder = typeof migrations === "string" || migrations instanceof URL;
  return (isFolder ? [{ journal: "migrations", folder: migrations }] : migrations).map(resolveSet);
}

function resolveSet({ journal, folder }: MigrationSet): ResolvedMigrationSet {
  if (!/^[a-z_][a-z0-9_]*$/.test(journal)) {
    throw new DataError(
      "invalid_argument",
      `the journal ${journal} is no name for a table: use a-z, 0-9 and _`,
    );
  }
  return { journal, folder: typeof folder === "string" ? resolve(folder) : fileURLToPath(folder) };
}
