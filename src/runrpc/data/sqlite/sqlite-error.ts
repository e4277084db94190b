import { DataError, type DataErrorCode, lookedAt } from "../data-error.ts";

/**
 * Turns anything that a query threw into a {@link DataError}. Looks through drizzle's wrapper for SQLite's own error;
 * a DataError passes unchanged but for the name of the query; what is left is a bug, `internal` with its stack.
 */
export function dataErrorFromThrown(thrown: unknown, query?: string): DataError {
  return lookedAt(() => errorFromThrown(thrown, query), query);
}

function errorFromThrown(thrown: unknown, query: string | undefined): DataError {
  const error = rootOf(thrown);
  if (error instanceof DataError) return error.query === undefined ? withQuery(error, query) : error;
  const sqliteCode = sqliteCodeOf(error);
  if (sqliteCode !== undefined && error instanceof Error) {
    return new DataError(codeFromSqlite(sqliteCode), explain(sqliteCode, error.message, query), {
      query,
      databaseCode: sqliteCode,
    });
  }
  const message = error instanceof Error ? error.message : String(error);
  const internal = new DataError("internal", message, { query });
  if (error instanceof Error && typeof error.stack === "string") internal.stack = error.stack;
  return internal;
}

/**
 * The code for one of SQLite's extended result codes (https://sqlite.org/rescode.html). Total: an unknown one falls
 * back to its primary code, and that to `internal`.
 */
export function codeFromSqlite(sqliteCode: string): DataErrorCode {
  switch (sqliteCode) {
    case "SQLITE_IOERR_CORRUPTFS":
      return "data_loss";
    case "SQLITE_IOERR_NOMEM":
      return "resource_exhausted";
    case "SQLITE_CONSTRAINT_UNIQUE":
    case "SQLITE_CONSTRAINT_PRIMARYKEY":
    case "SQLITE_CONSTRAINT_ROWID":
      return "already_exists";
    case "SQLITE_CONSTRAINT_NOTNULL":
    case "SQLITE_CONSTRAINT_DATATYPE":
      return "invalid_argument";
  }
  switch (sqliteCode.split("_", 2).join("_")) {
    case "SQLITE_CONSTRAINT":
      return "failed_precondition";
    case "SQLITE_BUSY":
    case "SQLITE_LOCKED":
    case "SQLITE_INTERRUPT":
    case "SQLITE_SCHEMA":
      return "aborted";
    case "SQLITE_FULL":
    case "SQLITE_NOMEM":
      return "resource_exhausted";
    case "SQLITE_TOOBIG":
    case "SQLITE_MISMATCH":
      return "invalid_argument";
    case "SQLITE_IOERR":
    case "SQLITE_CANTOPEN":
    case "SQLITE_PROTOCOL":
    case "SQLITE_PERM":
    case "SQLITE_AUTH":
    case "SQLITE_NOLFS":
      return "unavailable";
    case "SQLITE_CORRUPT":
    case "SQLITE_NOTADB":
    case "SQLITE_FORMAT":
      return "data_loss";
    default:
      return "internal";
  }
}

function rootOf(thrown: unknown): unknown {
  const isWrapper =
    thrown instanceof Error && thrown.name === "DrizzleQueryError" && thrown.cause !== undefined;
  return isWrapper ? thrown.cause : thrown;
}

function sqliteCodeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.name !== "SqliteError" || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

function withQuery(error: DataError, query: string | undefined): DataError {
  const named = new DataError(error.code, error.message, { query, databaseCode: error.databaseCode });
  if (error.stack !== undefined) named.stack = error.stack;
  return named;
}

function explain(sqliteCode: string, message: string, query: string | undefined): string {
  if (!sqliteCode.startsWith("SQLITE_READONLY")) return message;
  return `${message}: ${query ?? "a query"} writes; export it under "write", or see that the file may be written`;
}
