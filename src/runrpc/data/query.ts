import type { SQLiteAsyncDatabase } from "drizzle-orm/sqlite-core";

export { DataError, type DataErrorCode } from "./data-error.ts";

/**
 * The database as a query sees it: drizzle's builders, every one of them awaited. Typed as asynchronous although
 * SQLite answers at once, so that the same text runs against a server database; transactions are the store's
 * business and raw statements are not portable, so both are left out.
 */
export type Db = Pick<
  SQLiteAsyncDatabase<"async", unknown>,
  "select" | "selectDistinct" | "insert" | "update" | "delete" | "with" | "$with" | "$count"
>;

/**
 * A query: `async (db, input) => rows`. It awaits its database and nothing else (anything else is an `internal` error
 * that names it). Input and result are structured-cloned: dates, bigints, typed arrays and plain objects survive,
 * class instances and functions do not.
 */
export type Query = (db: Db, input: never) => Promise<unknown>;

/** What a `queries.ts` exports: `write` queries run in a transaction, and `read` queries see one state of the database. */
export interface QueryModule {
  readonly read?: Readonly<Record<string, Query>>;
  readonly write?: Readonly<Record<string, Query>>;
}

/** The modules that a worker serves, by the name under which the main thread calls them. */
export type QueryModules = Readonly<Record<string, QueryModule>>;

/**
 * Prepares a hot query once for each database; building a query costs more than running it.
 *
 *     const byId = prepared((db) => db.select().from(users).where(eq(users.id, sql.placeholder("id"))).prepare());
 *     const [user] = await byId(db).execute({ id: 7 });
 */
export function prepared<P>(build: (db: Db) => P): (db: Db) => P {
  const statements = new WeakMap<Db, P>();
  return (db) => {
    const known = statements.get(db);
    if (known !== undefined) return known;
    const statement = build(db);
    statements.set(db, statement);
    return statement;
  };
}
