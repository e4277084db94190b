import { Code, ConnectError } from "@connectrpc/connect";
import { DataError, type DataErrorCode } from "../data/data-error.ts";

const codes = {
  invalid_argument: Code.InvalidArgument,
  not_found: Code.NotFound,
  already_exists: Code.AlreadyExists,
  failed_precondition: Code.FailedPrecondition,
  aborted: Code.Aborted,
  resource_exhausted: Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  unknown: Code.Unknown,
  data_loss: Code.DataLoss,
} as const satisfies Record<Exclude<DataErrorCode, "internal">, Code>;

/**
 * What a client is told of an error of the store: the server's `mapError`. The sentence of a query passes as it is; one
 * that comes from the database, which names tables and columns, is replaced. Undefined for anything else, `internal` included:
 * that is a bug, which the server hides from the client and logs.
 */
export function connectErrorFromDataError(reason: unknown): ConnectError | undefined {
  if (!(reason instanceof DataError) || reason.code === "internal") return undefined;
  const code = codes[reason.code];
  const message = reason.databaseCode === undefined ? reason.message : sentences[reason.code];
  return new ConnectError(message, code, undefined, undefined, reason);
}

const sentences: Readonly<Record<keyof typeof codes, string>> = {
  invalid_argument: "the database cannot store this value",
  not_found: "there is no such row",
  already_exists: "it exists already",
  failed_precondition: "something that this refers to does not exist",
  aborted: "the database is held by others; try again",
  resource_exhausted: "the database has no room",
  unavailable: "the database cannot be reached",
  unknown: "the database stopped during this write: look whether it is stored before you repeat it",
  data_loss: "the database is damaged",
};
