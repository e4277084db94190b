import { DataError } from "../data-error.ts";
import type { MigrationsReport } from "../migrations.ts";
import { applyMigrations } from "./apply-migrations.ts";
import { connect, endClient } from "./connection.ts";
import { dataErrorFromThrown } from "./postgres-error.ts";
import {
  type PostgresOptions,
  type ResolvedPostgresOptions,
  resolvePostgresOptions,
} from "./store-options.ts";

/**
 * Applies the migrations and ends, for the `migrate` command; `openStore` does the same by itself, and others that do so at
 * the same time wait for each other. Throws the errors of `openStore`.
 */
export async function migrateDatabase(options: Omit<PostgresOptions, "modules">): Promise<MigrationsReport> {
  return migrateResolved(resolvePostgresOptions({ ...options, modules: async () => ({}) }));
}

/** The same, with options that have been checked. */
export async function migrateResolved(options: ResolvedPostgresOptions): Promise<MigrationsReport> {
  // A migration may take its time.
  const client = await connect({ ...options, statementTimeoutMs: 0, name: "runrpc migrate" });
  try {
    return await applyMigrations(client, options.address.shown, options.migrations, options.allowNewer);
  } catch (error) {
    throw error instanceof DataError ? error : refusalOf(error, options.address.shown);
  } finally {
    await endClient(client);
  }
}

/** invalid_schema_name. */
const noSchema = "3F000";

/** What the server says against it is for whoever starts to change: a role without rights, a path without a schema. */
function refusalOf(thrown: unknown, name: string): DataError {
  const error = dataErrorFromThrown(thrown);
  const code = error.code === "unavailable" ? error.code : "failed_precondition";
  const cure =
    error.databaseCode === noSchema
      ? ": name one that there is in search_path, which is set for the role, the database or the server"
      : "";
  return new DataError(code, `the database ${name} cannot be migrated: ${error.message}${cure}`, {
    databaseCode: error.databaseCode,
    cause: thrown,
  });
}
