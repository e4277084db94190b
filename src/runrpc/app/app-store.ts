import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Database } from "../../../gen/runrpc/config/v1/config_pb.ts";
import { ConfigError } from "../config/config.ts";
import type { StartChore } from "../data/chore.ts";
import { fileFromUrl } from "../data/database-url.ts";
import type { MigrationSet } from "../data/migrations.ts";
import { openStore, type StoreOptions } from "../data/open-store.ts";
import { addressFromUrl } from "../data/postgres/address.ts";
import type { QueryModules } from "../data/query.ts";
import { DataError, type Store } from "../data/store.ts";
import { type PlatformModules, platformMigrations, platformWorker } from "../platform/modules.ts";
import type { ServerLog } from "../server/log.ts";
import type { Wakeups } from "../streams/wakeup.ts";
import { isPostgresUrl } from "../url.ts";
import type { AppDefinition, AppParts } from "./define-app.ts";

/** The database of an application: its own queries, and those of the platform. */
export type AppStore<M extends QueryModules> = Store<M & PlatformModules>;

/** What a process opens the database with besides the configuration. */
export interface OpenAppStoreOptions {
  /** Told when the database cannot be read or written. Default: nobody. */
  readonly log?: ServerLog | undefined;
  /** The socket of the process that writes the SQLite file. Default: this one does. */
  readonly writer?: string | undefined;
  /** As for `openStore`. */
  readonly servingLock?: boolean | undefined;
}

/** Opens the database that the configuration names, which is made and migrated where it has to be. */
export function openAppStore<M extends QueryModules>(
  definition: AppDefinition<M>,
  database: Database,
  { log, ...file }: OpenAppStoreOptions = {},
): Promise<AppStore<M>> {
  const options = storeOptions(definition, database);
  return openStore<M & PlatformModules>(
    "url" in options ? { ...options, log } : { ...options, log, ...file },
  );
}

/**
 * Where the store of an application is, who serves it, and its limits.
 *
 * @throws ConfigError for a URL that names no database.
 */
export function storeOptions<M extends QueryModules>(
  { worker = platformWorker, migrations }: AppDefinition<M>,
  { url, ...database }: Database,
): StoreOptions {
  const sets: readonly MigrationSet[] = [
    platformMigrations,
    ...(migrations === undefined ? [] : [{ journal: "migrations", folder: migrations }]),
  ];
  const shared = {
    maxQueuedReads: database.maxQueuedQueries,
    maxQueuedWrites: database.maxQueuedQueries,
    maxQueuedBytes: database.maxQueuedBytes,
    allowNewer: database.allowNewer,
  };
  if (isPostgresUrl(url)) {
    named(() => addressFromUrl(url));
    return {
      url,
      modules: () => loadModules(worker),
      migrations: sets.map(postgresSet),
      connections: database.connections,
      statementTimeoutMs: database.statementTimeoutMs,
      ...shared,
    };
  }
  return {
    // Absolute, so that whoever is told of it finds it.
    file: named(() => resolve(fileFromUrl(url))),
    worker,
    migrations: sets,
    readers: database.readers,
    heapMb: database.workerHeapMb,
    ...shared,
  };
}

/** What the parts of an application are made from. */
export function partsOf<M extends QueryModules>(
  queries: AppStore<M>["queries"],
  log: ServerLog,
  chore: StartChore,
  wakeups: Wakeups,
): AppParts<M> {
  // The store has the platform's queries besides, which are no business of the application's.
  return { queries: queries as AppParts<M>["queries"], chore, wakeups, log };
}

/** Reads a part of the URL. @throws ConfigError that names the setting. */
function named<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new ConfigError([`database.url ${error instanceof Error ? error.message : String(error)}`]);
  }
}

/** `npm run migration` writes those of Postgres into a folder inside of SQLite's. */
function postgresSet({ journal, folder }: MigrationSet): MigrationSet {
  return {
    journal,
    folder: folder instanceof URL ? new URL("postgres/", folder) : resolve(folder, "postgres"),
  };
}

/** All queries, for a store that runs them in this thread: the application's, which the file of its worker exports, and the platform's. */
async function loadModules(worker: URL): Promise<QueryModules> {
  const { withPlatform } = await import("../platform/query-modules.ts");
  const { modules } = (await import(worker.href)) as { readonly modules?: QueryModules };
  if (modules === undefined)
    throw new DataError(
      "failed_precondition",
      `${fileURLToPath(worker)} does not export its queries, which Postgres is asked by: \`export const modules = { … }\``,
    );
  return withPlatform(modules);
}
