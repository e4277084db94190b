import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { DataError } from "../data-error.ts";
import { type Range, resolveLimits } from "../limits.ts";
import { type MigrationSet, type ResolvedMigrationSet, resolveMigrations } from "../migrations.ts";
import type { StoreLog } from "../trouble.ts";

/** Where the database is, who serves it, and its limits; every limit has a default in {@link storeDefaults}. */
export interface SqliteOptions {
  /** Path of the database file; its directory is made when missing. `:memory:` is refused: threads cannot share it. */
  readonly file: string;
  /**
   * The file that calls `serveQueries`: `new URL("../../data/worker.ts", import.meta.url)`. Compilers leave this name alone, so
   * take its extension from `import.meta.url` when the code is also shipped as JavaScript.
   */
  readonly worker: URL;
  /**
   * The folder that drizzle-kit writes migrations into. Several, each with its journal, are applied in their order: what
   * belongs to a library before what belongs to the application.
   */
  readonly migrations: URL | string | readonly MigrationSet[];
  /**
   * Serves a database with migrations that this code does not know, when they come after all that it knows: for those who
   * know that they only add. Default false: it is refused.
   */
  readonly allowNewer?: boolean | undefined;
  /**
   * The socket of a `SharedWriter` in another process, which writes for this one: this store has readers alone. Default: it
   * writes itself, and no other process does.
   */
  readonly writer?: string | undefined;
  /**
   * Holds the file's serving lock while it is open, and tells `log` when another process has that: for servers, which hold up each
   * other's writes, and not for commands that go beside one. Without effect where there is a `writer`. Default false.
   */
  readonly servingLock?: boolean | undefined;
  /** Told when the database cannot be read or written, and when it can again. Default: nobody. */
  readonly log?: StoreLog | undefined;
  readonly readers?: number | undefined;
  readonly maxQueuedReads?: number | undefined;
  readonly maxQueuedWrites?: number | undefined;
  readonly maxQueuedBackgroundWrites?: number | undefined;
  readonly maxQueuedBytes?: number | undefined;
  readonly maxBatchReads?: number | undefined;
  readonly maxBatchWrites?: number | undefined;
  readonly maxBatchBackgroundWrites?: number | undefined;
  readonly maxBatchBytes?: number | undefined;
  readonly heapMb?: number | undefined;
  readonly busyTimeoutMs?: number | undefined;
  readonly moveReadsAfterMs?: number | undefined;
}

/** The options with every value filled in and checked. */
export type ResolvedSqliteOptions = Limits & {
  readonly file: string;
  readonly worker: URL;
  readonly migrations: readonly ResolvedMigrationSet[];
  readonly writer: string | undefined;
  readonly log: StoreLog | undefined;
  readonly allowNewer: boolean;
  readonly servingLock: boolean;
};

/** The defaults, and what each is for. */
export const storeDefaults = {
  /** Reader threads, each with about 30 MB of its own: one fewer than the cores, 2 to 4. */
  readers: Math.min(4, Math.max(2, availableParallelism() - 1)),
  /** Reads that may wait; the next one fails with `resource_exhausted`. Enough for 10,000 streams that wake at once. */
  maxQueuedReads: 50_000,
  /** Writes that may wait; the next one fails with `resource_exhausted`. */
  maxQueuedWrites: 50_000,
  /** Writes called with `background: true` that may wait; the next one fails with `resource_exhausted`. */
  maxQueuedBackgroundWrites: 10_000,
  /** What the inputs of all queries that wait may hold, about; the next one fails with `resource_exhausted`. */
  maxQueuedBytes: 256 * 1024 * 1024,
  /** Reads sent to a reader in one message. */
  maxBatchReads: 64,
  /** Writes that share a commit. */
  maxBatchWrites: 512,
  /** Background writes that share a commit: few, because a foreground write may have to wait for it. */
  maxBatchBackgroundWrites: 64,
  /** What the inputs of one message to a worker may hold, about, unless one alone holds more. */
  maxBatchBytes: 16 * 1024 * 1024,
  /**
   * The heap of each worker, which bounds what a query may take and give: one that needs more fails with
   * `resource_exhausted`, and its worker is replaced.
   */
  heapMb: 512,
  /** How long a write waits for another process to release the database, before it fails with `aborted`. */
  busyTimeoutMs: 5_000,
  /** A reader that answers nothing for this long keeps the read it runs; the ones behind it move to another reader. */
  moveReadsAfterMs: 10,
} as const;

type Limits = { readonly [K in keyof typeof storeDefaults]: number };

const ranges: { readonly [K in keyof Limits]: Range } = {
  readers: [1, 64],
  maxQueuedReads: [1, 10_000_000],
  maxQueuedWrites: [1, 10_000_000],
  maxQueuedBackgroundWrites: [1, 10_000_000],
  maxQueuedBytes: [1, Number.MAX_SAFE_INTEGER],
  maxBatchReads: [1, 10_000],
  maxBatchWrites: [1, 10_000],
  maxBatchBackgroundWrites: [1, 10_000],
  maxBatchBytes: [1, Number.MAX_SAFE_INTEGER],
  heapMb: [32, 65_536],
  busyTimeoutMs: [0, 600_000],
  moveReadsAfterMs: [1, 600_000],
};

/** Fills in the defaults. Throws an `invalid_argument` DataError that holds the value and the limit, or the unknown name. */
export function resolveSqliteOptions(options: SqliteOptions): ResolvedSqliteOptions {
  const {
    file,
    worker,
    migrations,
    writer,
    log,
    allowNewer = false,
    servingLock = false,
    ...limits
  } = options;
  if (writer === "")
    throw new DataError("invalid_argument", "writer is empty: name the socket of the process that writes");
  return {
    file: resolveFile(file),
    worker,
    writer,
    log,
    allowNewer,
    servingLock,
    migrations: resolveMigrations(migrations),
    ...resolveLimits(limits, storeDefaults, ranges),
  };
}

function resolveFile(file: string): string {
  if (file === "") throw new DataError("invalid_argument", "file is empty: name the database file");
  if (file === ":memory:" || file.startsWith("file:")) {
    throw new DataError(
      "invalid_argument",
      `file ${file} is not a path: the database is shared by threads, so it must be a file; use one in a temporary directory`,
    );
  }
  return resolve(file);
}
