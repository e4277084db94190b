import type { MigrationsReport } from "./migrations.ts";
import type { Notices } from "./notices.ts";
import type { QueryModules } from "./query.ts";
import type { Queries } from "./query-proxy.ts";

export { DataError, type DataErrorCode } from "./data-error.ts";
export type { MigrationSet, MigrationsReport } from "./migrations.ts";
export type { NoticeListener, Notices } from "./notices.ts";
export type { CallOptions, Cloned, Queries, ReadOptions, WriteOptions } from "./query-proxy.ts";
export type { StoreLog } from "./trouble.ts";

/** An open database, whatever kind it is. Whoever opens it closes it. */
export interface Store<M extends QueryModules> extends AsyncDisposable {
  /** Every query of every module: `await store.queries.users.getUser({ id }, { signal })`. */
  readonly queries: Queries<M>;
  /** What the database is called: the absolute path of its file, or its URL without the password. */
  readonly database: string;
  /** True when this open made the database; two processes that race for it never both see true. */
  readonly created: boolean;
  /** What the migrations did at this open. */
  readonly migrations: MigrationsReport;
  /**
   * Resolves when a read and a write have both been answered; waits its turn like any call. Since a write has failed for a
   * reason of the database, such as a full disk, it writes as well, and so tells when that is over.
   */
  ping(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  stats(): StoreStats;
  /** What is told to other processes on this database, and by them. */
  readonly notices: Notices;
  /**
   * Refuses calls from here on with `unavailable`, finishes those accepted, closes the database. A slow query holds it
   * up. Later calls return the same promise.
   */
  close(): Promise<void>;
}

/** What the two ways to the database have done. */
export interface StoreStats {
  readonly reads: SideStats;
  /** `batches` counts transactions: fewer than `calls` when writes shared a commit. */
  readonly writes: SideStats;
}

/** Counts since the start, but for `queued` and `inFlight`, which are of this moment. */
export interface SideStats {
  /** Calls that wait for a worker, or for a connection. */
  readonly queued: number;
  /** Calls that a worker or a connection has, and that are not answered. */
  readonly inFlight: number;
  /** Calls that were given to one; one that moved counts twice. */
  readonly calls: number;
  /** Messages they were sent to a worker in: for the writer, the number of its transactions. On Postgres each goes alone. */
  readonly batches: number;
  /** How many of them had up to 2 to the power of the index calls, and more than half as many: 1, 2, 3–4, 5–8 and so on. */
  readonly batchSizes: readonly number[];
  /** Reads taken from behind a slow one and given to another reader: on SQLite. */
  readonly moved: number;
  /** Workers, or connections, that ended by themselves. */
  readonly workersReplaced: number;
}
