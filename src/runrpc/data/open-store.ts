import { loadPostgres } from "./load-postgres.ts";
import type { PostgresOptions } from "./postgres/store-options.ts";
import type { QueryModules } from "./query.ts";
import { openStore as openSqlite } from "./sqlite/open-store.ts";
import type { SqliteOptions } from "./sqlite/store-options.ts";
import type { Store } from "./store.ts";

export { type PostgresOptions, postgresDefaults } from "./postgres/store-options.ts";
export { type SqliteOptions, storeDefaults } from "./sqlite/store-options.ts";

/** An SQLite file, or a database of a Postgres server. */
export type StoreOptions = SqliteOptions | PostgresOptions;

/** Opens a database of either kind, and brings it up to date; see `sqlite/open-store.ts` and `postgres/open-store.ts`. */
export async function openStore<M extends QueryModules>(options: StoreOptions): Promise<Store<M>> {
  if (!("url" in options)) return openSqlite<M>(options);
  const { openStore: openPostgres } = await loadPostgres(() => import("./postgres/open-store.ts"));
  return openPostgres<M>(options);
}
