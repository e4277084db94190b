import type { MigrationsReport } from "../migrations.ts";
import { applyMigrations } from "./apply-migrations.ts";
import { connect, endClient } from "./connection.ts";
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
  } finally {
    await endClient(client);
  }
}
