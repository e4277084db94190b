import type { MigrationSet } from "../data/store.ts";
import type { keyQueries } from "./keys/queries.ts";
import type { requestLogQueries } from "./request-log/queries.ts";

/** The platform's queries, under names that it keeps for itself. */
export type PlatformModules = {
  readonly runrpcKeys: typeof keyQueries;
  readonly runrpcRequestLog: typeof requestLogQueries;
};

/**
 * The file of a worker that serves the platform's queries alone. A worker is not an import: the compiler leaves its name
 * alone, so it takes the ending of this file.
 */
export const platformWorker = new URL(
  `./worker.${import.meta.url.endsWith(".ts") ? "ts" : "js"}`,
  import.meta.url,
);

/** The history of the platform's tables, which goes before the application's. */
export const platformMigrations: MigrationSet = {
  journal: "runrpc_migrations",
  folder: new URL("./migrations/", import.meta.url),
};
