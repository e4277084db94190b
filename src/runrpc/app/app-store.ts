import { resolve } from "node:path";
import type { Database } from "../../../gen/runrpc/config/v1/config_pb.ts";
import { ConfigError } from "../config/config.ts";
import type { StartChore } from "../data/chore.ts";
import { fileFromUrl } from "../data/database-url.ts";
import { openStore, type StoreOptions } from "../data/open-store.ts";
import type { QueryModules } from "../data/query.ts";
import type { Store } from "../data/store.ts";
import { type PlatformModules, platformMigrations, platformWorker } from "../platform/modules.ts";
import type { ServerLog } from "../server/log.ts";
import type { AppDefinition, AppParts } from "./define-app.ts";

/** The database of an application: its own queries, and those of the platform. */
export type AppStore<M extends QueryModules> = Store<M & PlatformModules>;

/** Opens the database that the configuration names, which is made and migrated where it has to be. */
export function openAppStore<M extends QueryModules>(
  definition: AppDefinition<M>,
  database: Database,
  log?: ServerLog,
): Promise<AppStore<M>> {
  return openStore<M & PlatformModules>({ ...storeOptions(definition, database), log });
}

/** Where the store of an application is, who serves it, and its limits. */
export function storeOptions<M extends QueryModules>(
  { worker = platformWorker, migrations }: AppDefinition<M>,
  { url, ...database }: Database,
): StoreOptions {
  return {
    file: fileOf(url),
    worker,
    migrations: [
      platformMigrations,
      ...(migrations === undefined ? [] : [{ journal: "migrations", folder: migrations }]),
    ],
    readers: database.readers,
    maxQueuedReads: database.maxQueuedQueries,
    maxQueuedWrites: database.maxQueuedQueries,
    maxQueuedBytes: database.maxQueuedBytes,
    heapMb: database.workerHeapMb,
    allowNewer: database.allowNewer,
  };
}

/** What the parts of an application are made from. */
export function partsOf<M extends QueryModules>(
  queries: AppStore<M>["queries"],
  log: ServerLog,
  chore: StartChore,
): AppParts<M> {
  // The store has the platform's queries besides, which are no business of the application's.
  return { queries: queries as AppParts<M>["queries"], chore, log };
}

/** Absolute, so that whoever is told of it finds it. @throws ConfigError for what names no SQLite file. */
function fileOf(url: string): string {
  try {
    return resolve(fileFromUrl(url));
  } catch (error) {
    throw new ConfigError([`database.url ${error instanceof Error ? error.message : String(error)}`]);
  }
}
