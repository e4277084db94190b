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
import { examineListening } from "../server/examine-listening.ts";
import { withoutPassword } from "../url.ts";
import { storeOptions } from "./app-store.ts";
import { checkBeforeMaking, checkConfig } from "./check-config.ts";
import type { AppDefinition } from "./define-app.ts";

export type { CopyProgress } from "../data/maintenance.ts";

/** Applies the migrations of the platform and of the application to the database, which is made when there is none. */
export async function migrateApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  loaded: LoadedConfig,
): Promise<MigrationsReport & { readonly database: string }> {
  const options = storeOptions(definition, loaded.config.database);
  await checkBeforeMaking(loaded, options);
  const database = "url" in options ? withoutPassword(options.url) : options.file;
  return { ...(await migrateDatabase(options)), database };
}

/** Copies the database of the configuration into a file, for the `backup` command. Safe beside a running server. */
export async function backupApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  loaded: LoadedConfig,
  target: string,
  options: BackupOptions,
): Promise<BackupReport> {
  checkConfig(loaded);
  return backupDatabase(storeOptions(definition, loaded.config.database), target, options);
}

/** Copies an SQLite database into one of Postgres, for the `copy` command. Both are URLs as the configuration takes them. */
export async function copyApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  loaded: LoadedConfig,
  { from, to }: { readonly from: string; readonly to: string },
  options: CopyOptions,
): Promise<CopyReport> {
  checkConfig(loaded);
  const { database } = loaded.config;
  return copyDatabase(
    storeOptions(definition, { ...database, url: from }),
    storeOptions(definition, { ...database, url: to }),
    options,
  );
}

/**
 * Looks over the database of the configuration, and what a server will need of the machine, for the `doctor` command. Safe beside a
 * running server.
 */
export async function examineApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  loaded: LoadedConfig,
): Promise<Examination> {
  checkConfig(loaded);
  const { log, monitor, web, workers, database, ...settings } = loaded.config;
  const found = await examineDatabase(storeOptions(definition, database), workers.count);
  return { ...found, checks: [...found.checks, ...(await examineListening(settings))] };
}
