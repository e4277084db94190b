import type { QueryModules } from "./query.ts";
import { createQueryProxy, type Queries } from "./query-proxy.ts";
import { createSide, type SideStats } from "./side.ts";
import { resolveStoreOptions, type StoreOptions } from "./store-options.ts";
import { type MigrationsReport, pingQuery, pingWriteQuery } from "./thread-protocol.ts";
import { createTroubleWatch } from "./trouble.ts";
import { createUnheard } from "./unheard.ts";

export { DataError, type DataErrorCode } from "./data-error.ts";
export type { CallOptions, Cloned, Queries, ReadOptions, WriteOptions } from "./query-proxy.ts";
export type { SideStats } from "./side.ts";
export { type MigrationSet, type StoreOptions, storeDefaults } from "./store-options.ts";
export type { MigrationsReport } from "./thread-protocol.ts";
export type { StoreLog } from "./trouble.ts";

/** An open database behind its worker threads. Whoever opens it closes it. */
export interface Store<M extends QueryModules> extends AsyncDisposable {
  /** Every query of every module: `await store.queries.users.getUser({ id }, { signal })`. */
  readonly queries: Queries<M>;
  /** Absolute path of the database file. */
  readonly file: string;
  /** True when this open made the database; two processes that race for it never both see true. */
  readonly created: boolean;
  /** What the migrations did at this open. */
  readonly migrations: MigrationsReport;
  /**
   * Resolves when a reader and the writer have both answered; waits its turn like any call. Since a write has failed for a
   * reason of the database, such as a full disk, it writes a page as well, and so tells when that is over.
   */
  ping(options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  stats(): StoreStats;
  /**
   * Refuses calls from here on with `unavailable`, finishes those accepted, closes the database. A slow query holds it
   * up, as SQLite cannot be interrupted. Later calls return the same promise.
   */
  close(): Promise<void>;
}

/** What the two ways to the database have done. */
export interface StoreStats {
  readonly reads: SideStats;
  /** `batches` counts transactions: fewer than `calls` when writes shared a commit. */
  readonly writes: SideStats;
}

/**
 * Opens a database: starts one writer, which makes the file and applies the migrations, then the readers. `M` is the
 * type of what the worker file serves (`import type { Modules } from "../../data/worker.ts"`).
 *
 * Throws a DataError: `invalid_argument` for an option, `failed_precondition` for a database that does not fit the
 * migrations, `unavailable` or `data_loss` for a file that cannot be opened.
 */
export async function openStore<M extends QueryModules>(options: StoreOptions): Promise<Store<M>> {
  const resolved = resolveStoreOptions(options);
  const trouble = createTroubleWatch(resolved.log);
  const shared = { bytes: { used: 0, max: resolved.maxQueuedBytes }, trouble };
  const reads = createSide("read", resolved, shared);
  const writes = createSide("write", resolved, shared);
  const { manifest, migrations, identity } = await writes.start();
  try {
    await reads.start(identity);
  } catch (error) {
    await writes.close();
    throw error;
  }

  let closed: Promise<void> | undefined;

  function close(): Promise<void> {
    closed ??= closeBoth();
    return closed;
  }

  async function closeBoth(): Promise<void> {
    // The writer goes last: the last connection to close is the one that folds the log into the file.
    await Promise.all([reads.close(), writes.drain()]);
    await writes.close();
  }

  return {
    queries: createQueryProxy<M>(
      manifest,
      (kind, query, input, callOptions) => (kind === "read" ? reads : writes).call(query, input, callOptions),
      createUnheard(resolved.log),
    ),
    file: resolved.file,
    created: migrations.created,
    migrations,
    async ping(pingOptions) {
      await Promise.all([
        reads.call(pingQuery, undefined, pingOptions),
        writes.call(trouble.writesFail ? pingWriteQuery : pingQuery, undefined, pingOptions),
      ]);
    },
    stats: () => ({ reads: reads.stats(), writes: writes.stats() }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
