import type { LoadedConfig } from "../config/config.ts";
import {
  type BackupOptions,
  type BackupReport,
  backupDatabase,
  type CopyOptions,
  type CopyReport,
  copyDatabase,
  type Examination,
  examineDatabase,
  migrateDatabase,
} from "../data/maintenance.ts";
import type { MigrationsReport } from "../data/migrations.ts";
import type { QueryModules } from "../data/query.ts";
import { withoutPassword } from "../url.ts";
import { storeOptions } from "./app-store.ts";
import { checkConfig } from "./check-config.ts";
import type { AppDefinition } from "./define-app.ts";

export type { CopyProgress } from "../data/maintenance.ts";

/** Applies the migrations of the platform and of the application to the database, which is made when there is none. */
export async function migrateApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  loaded: LoadedConfig,
): Promise<MigrationsReport & { readonly database: string }> {
  checkConfig(loaded);
  const options = storeOptions(definition, loaded.config.database);
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

/** Copies an SQLite database into one of Postgres, for the `copy` command. Both are URLs as the configuration takes them. */
export function copyApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  { config }: LoadedConfig,
  { from, to }: { readonly from: string; readonly to: string },
  options: CopyOptions,
): Promise<CopyReport> {
  const { database } = config;
  return copyDatabase(
    storeOptions(definition, { ...database, url: from }),
    storeOptions(definition, { ...database, url: to }),
    options,
  );
}

/** Looks the database of the configuration over, for the `doctor` command. Safe beside a running server. */
export async function examineApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  loaded: LoadedConfig,
): Promise<Examination> {
  checkConfig(loaded);
  const { database, workers } = loaded.config;
  return examineDatabase(storeOptions(definition, database), workers.count);
}
