import type { LoadedConfig } from "../config/config.ts";
import type { MigrationsReport } from "../data/migrations.ts";
import type { QueryModules } from "../data/query.ts";
import { type BackupOptions, type BackupReport, backupDatabase } from "../data/sqlite/backup.ts";
import { type Examination, examineDatabase } from "../data/sqlite/doctor.ts";
import { migrateDatabase } from "../data/sqlite/migrate.ts";
import { storeOptions } from "./app-store.ts";
import type { AppDefinition } from "./define-app.ts";

/** Applies the migrations of the platform and of the application to the database, which is made when there is none. */
export async function migrateApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  { config }: LoadedConfig,
): Promise<MigrationsReport & { readonly file: string }> {
  const options = storeOptions(definition, config.database);
  return { ...(await migrateDatabase(options)), file: options.file };
}

/** Copies the database of the configuration into a file, for the `backup` command. Safe beside a running server. */
export function backupApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  { config }: LoadedConfig,
  target: string,
  options: BackupOptions,
): Promise<BackupReport> {
  return backupDatabase(storeOptions(definition, config.database), target, options);
}

/** Looks the database of the configuration over, for the `doctor` command. Safe beside a running server. */
export function examineApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  { config }: LoadedConfig,
): Promise<Examination> {
  return examineDatabase(storeOptions(definition, config.database));
}
