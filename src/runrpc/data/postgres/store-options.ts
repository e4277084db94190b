import { type Range, resolveLimits } from "../limits.ts";
import { type MigrationSet, type ResolvedMigrationSet, resolveMigrations } from "../migrations.ts";
import type { QueryModules } from "../query.ts";
import type { StoreLog } from "../trouble.ts";
import { type Address, addressFromUrl } from "./address.ts";

/** Where the database is, what it is asked, and its limits; every limit has a default in {@link postgresDefaults}. */
export interface PostgresOptions {
  /** `postgres://user:password@host:5432/database`; see {@link addressFromUrl}. */
  readonly url: string;
  /** Loads the queries, which run in this thread. */
  readonly modules: () => Promise<QueryModules>;
  /** As for SQLite: folders of drizzle-kit, of the dialect `postgresql`. */
  readonly migrations: URL | string | readonly MigrationSet[];
  /** As for SQLite. Default false. */
  readonly allowNewer?: boolean | undefined;
  /** Told when the database cannot be read or written, and when it can again. Default: nobody. */
  readonly log?: StoreLog | undefined;
  readonly connections?: number | undefined;
  readonly maxQueuedReads?: number | undefined;
  readonly maxQueuedWrites?: number | undefined;
  readonly maxQueuedBackgroundWrites?: number | undefined;
  readonly maxQueuedBytes?: number | undefined;
  readonly maxResultBytes?: number | undefined;
  readonly statementTimeoutMs?: number | undefined;
  readonly connectTimeoutMs?: number | undefined;
  readonly maxRetryMs?: number | undefined;
}

/** The defaults, and what each is for. */
export const postgresDefaults = {
  /** Connections that calls share, opened as they are needed. Two further ones are to cancel by and to hear other processes. */
  connections: 10,
  /** Reads that may wait for a connection; the next one fails with `resource_exhausted`. */
  maxQueuedReads: 50_000,
  /** Writes that may wait for a connection; the next one fails with `resource_exhausted`. */
  maxQueuedWrites: 50_000,
  /** Writes called with `background: true` that may wait; the next one fails with `resource_exhausted`. */
  maxQueuedBackgroundWrites: 10_000,
  /** What the inputs of all queries that wait may hold, about; the next one fails with `resource_exhausted`. */
  maxQueuedBytes: 256 * 1024 * 1024,
  /** What one statement may give, and the input of one query hold, about; past it the query fails with `resource_exhausted`. */
  maxResultBytes: 128 * 1024 * 1024,
  /** How long one statement may run before the server ends it: `resource_exhausted`. 0: for ever. */
  statementTimeoutMs: 60_000,
  /** How long opening a connection may take: `unavailable`. */
  connectTimeoutMs: 10_000,
  /** How long a write that runs into others is tried again, unless its signal aborts sooner: `aborted`. */
  maxRetryMs: 30_000,
} as const;

export type PostgresLimits = { readonly [K in keyof typeof postgresDefaults]: number };

const ranges: { readonly [K in keyof PostgresLimits]: Range } = {
  connections: [1, 1_000],
  maxQueuedReads: [1, 10_000_000],
  maxQueuedWrites: [1, 10_000_000],
  maxQueuedBackgroundWrites: [1, 10_000_000],
  maxQueuedBytes: [1, Number.MAX_SAFE_INTEGER],
  maxResultBytes: [1, Number.MAX_SAFE_INTEGER],
  statementTimeoutMs: [0, 2_147_483_647],
  connectTimeoutMs: [1, 600_000],
  maxRetryMs: [0, 600_000],
};

/** The options with every value filled in and checked. */
export type ResolvedPostgresOptions = PostgresLimits & {
  readonly address: Address;
  readonly modules: () => Promise<QueryModules>;
  readonly migrations: readonly ResolvedMigrationSet[];
  readonly log: StoreLog | undefined;
  readonly allowNewer: boolean;
};

/** Fills in the defaults. Throws an `invalid_argument` DataError that holds the value and the limit, or the unknown name. */
export function resolvePostgresOptions(options: PostgresOptions): ResolvedPostgresOptions {
  const { url, modules, migrations, log, allowNewer = false, ...limits } = options;
  return {
    address: addressFromUrl(url),
    modules,
    log,
    allowNewer,
    migrations: resolveMigrations(migrations),
    ...resolveLimits(limits, postgresDefaults, ranges),
  };
}
