import type { LoadedConfig } from "../config/config.ts";
import {
  type BackupOptions,
  type BackupReport,
  backupDatabase,
  type Examination,
  examineDatabase,
  migrateDatabase,
} from "../data/maintenance.ts";
import type { MigrationsReport } from "../data/migrations.ts";
import type { QueryModules } from "../data/query.ts";
import { withoutPassword } from "../url.ts";
import { storeOptions } from "./app-store.ts";
import type { AppDefinition } from "./define-app.ts";

/** Applies the migrations of the platform and of the application to the database, which is made when there is none. */
export async function migrateApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  { config }: LoadedConfig,
): Promise<MigrationsReport & { readonly database: string }> {
  const options = storeOptions(definition, config.database);
  const database = "url" in options ? withoutPassword(options.url) : options.file;
  return { ...(await migrateDatabase(options)), database };
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
