import type { Database } from "../../../gen/runrpc/config/v1/config_pb.ts";
import { migrateDatabase } from "../data/maintenance.ts";
import { openSharedWriter } from "../data/open-shared-writer.ts";
import type { QueryModules } from "../data/query.ts";
import type { SideStats } from "../data/store.ts";
import type { ServerLog } from "../server/log.ts";
import { withoutPassword } from "../url.ts";
import { storeOptions } from "./app-store.ts";
import type { AppDefinition } from "./define-app.ts";

/** The database of a group of workers, as the process that leads them has it. */
export interface GroupDatabase {
  /** The database's file, absolute, or its URL without the password. */
  readonly database: string;
  /** True when the database was made by this start. */
  readonly created: boolean;
  /** The socket by which workers write an SQLite file; undefined on Postgres, where each has connections of its own. */
  readonly writer: string | undefined;
  /** What this process has committed for all; undefined where each does that itself. */
  readonly commits: (() => SideStats) | undefined;
  /** To be called when all workers have ended. */
  close(): Promise<void>;
}

/**
 * Makes and migrates the database that the configuration names, where it has to be, so that no worker has to. Of an SQLite file this
 * process is the one that writes.
 */
export async function openGroupDatabase<M extends QueryModules>(
  definition: AppDefinition<M>,
  database: Database,
  log: ServerLog,
): Promise<GroupDatabase> {
  const options = storeOptions(definition, database);
  if ("url" in options) {
    const { created } = await migrateDatabase(options);
    const own = { writer: undefined, commits: undefined, close: async () => {} };
    return { database: withoutPassword(options.url), created, ...own };
  }
  const writer = await openSharedWriter({ ...options, log, servingLock: true });
  const { database: file, created, socket } = writer;
  return { database: file, created, writer: socket, commits: writer.stats, close: () => writer.close() };
}
