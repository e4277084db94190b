import { DataError, type DataErrorCode, lookedAt } from "../data-error.ts";

/**
 * Turns anything that a query threw into a {@link DataError}. Looks through drizzle's wrapper for the server's own error;
 * a DataError passes unchanged but for the name of the query; what is left is a bug, `internal` with its stack.
 */
export function dataErrorFromThrown(thrown: unknown, query?: string): DataError {
  return lookedAt(() => errorFromThrown(thrown, query), query);
}

function errorFromThrown(thrown: unknown, query: string | undefined): DataError {
  const error = rootOf(thrown);
  if (error instanceof DataError) return error.query === undefined ? withQuery(error, query) : error;
  const message = messageOf(error);
  const sqlState = sqlStateOf(error);
  // Of the call, and not of the database, which takes others.
  if (sqlState === queryCanceled)
    return new DataError(
      codeFromSqlState(sqlState),
      "a statement ran for longer than database.statement_timeout_ms, or was cancelled at the server",
      { query, cause: error },
    );
  if (sqlState !== undefined) {
    const sentence = sqlState === readOnly ? explainReadOnly(message, query) : message;
    return new DataError(codeFromSqlState(sqlState), sentence, { query, databaseCode: sqlState });
  }
  if (isOfConnection(error)) {
    return new DataError("unavailable", message, { query, databaseCode: connectionFailure });
  }
  const internal = new DataError("internal", message, { query });
  if (error instanceof Error && typeof error.stack === "string") internal.stack = error.stack;
  return internal;
}

/** The code of an error of the server: five characters (https://www.postgresql.org/docs/current/errcodes-appendix.html). */
export function sqlStateOf(thrown: unknown): string | undefined {
  const error = rootOf(thrown);
  if (error instanceof DataError) return error.databaseCode;
  if (!(error instanceof Error) || !("code" in error) || !("severity" in error)) return undefined;
  return typeof error.code === "string" && /^[0-9A-Z]{5}$/.test(error.code) ? error.code : undefined;
}

/** Whether a transaction that ended so may succeed when it is run again: it lost to another one. */
export function isRetryable(sqlState: string | undefined): boolean {
  return sqlState === "40001" || sqlState === "40P01";
}

/** Total: an unknown code falls back to its class, and that to `internal`. */
export function codeFromSqlState(sqlState: string): DataErrorCode {
  return codes[sqlState] ?? classes[sqlState.slice(0, 2)] ?? "internal";
}

/** connection_failure: what a connection that breaks is called, which has no code of the server. */
export const connectionFailure = "08006";

/** By `statement_timeout`, or by whoever may. */
const queryCanceled = "57014";

/** read_only_sql_transaction. */
const readOnly = "25006";

const codes: Readonly<Record<string, DataErrorCode>> = {
  "23505": "already_exists",
  "23502": "invalid_argument",
  "25P03": "unavailable", // idle in transaction for too long
  "40001": "aborted",
  "40P01": "aborted",
  "55P03": "aborted", // a lock that was not to be had in time
  [queryCanceled]: "resource_exhausted",
  "57P01": "unavailable", // ended by an administrator, or a crash, or not yet started
  "57P02": "unavailable",
  "57P03": "unavailable",
  "57P05": "unavailable",
  XX001: "data_loss",
  XX002: "data_loss",
};

const classes: Readonly<Record<string, DataErrorCode>> = {
  "08": "unavailable",
  "22": "invalid_argument",
  "23": "failed_precondition",
  "28": "unavailable", // who connects is not let in
  "3D": "unavailable", // there is no such database
  "40": "aborted",
  "53": "resource_exhausted",
  "54": "invalid_argument", // a value or a statement beyond the server's own limits
  "58": "unavailable", // the server's own files
};

function rootOf(thrown: unknown): unknown {
  const isWrapper =
    thrown instanceof Error && thrown.name === "DrizzleQueryError" && thrown.cause !== undefined;
  return isWrapper ? thrown.cause : thrown;
}

/** Of a host with several addresses Node tells each failure, and says nothing itself. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "")
    return error.errors.slice(0, maxToldFailures).map(messageOf).join("; ");
  return error instanceof Error ? error.message : String(error);
}

const maxToldFailures = 5;

/** What Node and the driver throw where a connection breaks or cannot be made. */
function isOfConnection(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ("syscall" in error) return true;
  if (
    "code" in error &&
    /^(ERR_TLS|ERR_SSL|CERT|SELF_SIGNED|DEPTH_ZERO|UNABLE_TO|E[A-Z]+$)/.test(String(error.code))
  )
    return true;
  return /^(Connection terminated|timeout expired|Client has encountered a connection error|Client was closed|The server does not support SSL)/.test(
    error.message,
  );
}

function withQuery(error: DataError, query: string | undefined): DataError {
  const named = new DataError(error.code, error.message, { query, databaseCode: error.databaseCode });
  if (error.stack !== undefined) named.stack = error.stack;
  return named;
}

function explainReadOnly(message: string, query: string | undefined): string {
  return query === undefined
    ? `${message}: switch off default_transaction_read_only, which is set for the role, the database or the server`
    : `${message}: ${query} writes; export it under "write"`;
}
