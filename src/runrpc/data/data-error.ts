/**
 * What went wrong with a query, in the words of gRPC's status codes, so that a service can pass it on.
 *
 * - `invalid_argument`: the input cannot be stored (NOT NULL, too big, cannot be sent to the worker).
 * - `not_found`: thrown by query modules alone.
 * - `already_exists`: a unique or primary key is taken.
 * - `failed_precondition`: a foreign key or CHECK does not hold; the database is newer than the code.
 * - `aborted`: another process held the database's write lock for longer than `busyTimeoutMs`; on Postgres a write lost to
 *   others for as long as it was tried again; try again.
 * - `resource_exhausted`: a queue, the memory or the disk is full; on Postgres a statement ran into its timeout.
 * - `unavailable`: the store is closed, its worker died or its connection broke, or the database cannot be reached.
 * - `unknown`: a worker died, or a connection broke, while it committed this write, so that nobody knows whether it is stored.
 * - `data_loss`: the file is damaged or is not a database.
 * - `internal`: a bug in a query.
 */
export type DataErrorCode =
  | "invalid_argument"
  | "not_found"
  | "already_exists"
  | "failed_precondition"
  | "aborted"
  | "resource_exhausted"
  | "unavailable"
  | "unknown"
  | "data_loss"
  | "internal";

/**
 * The one error of the store. Query modules may throw it (`throw new DataError("not_found", "no user 7")`); its code
 * and message reach the caller unchanged. A message that comes from the database (`databaseCode` is set) names tables and
 * columns: do not show it to clients.
 */
export class DataError extends Error {
  override readonly name = "DataError";
  readonly code: DataErrorCode;
  /** `module.query` of the query that failed; undefined where the store itself failed. */
  readonly query: string | undefined;
  /** What the database calls it, as `SQLITE_CONSTRAINT_UNIQUE` or `23505`; undefined where the database was not the cause. */
  readonly databaseCode: string | undefined;

  constructor(code: DataErrorCode, message: string, details: DataErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.query = details.query;
    this.databaseCode = details.databaseCode;
  }
}

/**
 * What `look` makes of something that a query threw; `internal` where looking at it throws again, as at a Proxy, or at an
 * object that is no text.
 */
export function lookedAt(look: () => DataError, query: string | undefined): DataError {
  try {
    return look();
  } catch {
    return new DataError("internal", "what was thrown cannot be shown", { query });
  }
}

/** Where a {@link DataError} comes from. */
export interface DataErrorDetails {
  readonly query?: string | undefined;
  readonly databaseCode?: string | undefined;
  readonly cause?: unknown;
}

/** A {@link DataError} as it travels between threads: structured clone keeps neither class nor code of an error. */
export type WireError = readonly [
  code: DataErrorCode,
  message: string,
  query: string | undefined,
  databaseCode: string | undefined,
  stack: string | undefined,
];

/** Flattens an error for {@link errorFromWire}. */
export function wireFromError(error: DataError): WireError {
  return [error.code, error.message, error.query, error.databaseCode, error.stack];
}

/** Rebuilds what {@link wireFromError} flattened, with the stack of the thread that threw it. */
export function errorFromWire([code, message, query, databaseCode, stack]: WireError): DataError {
  const error = new DataError(code, message, { query, databaseCode });
  if (stack !== undefined) error.stack = stack;
  return error;
}
