import { Code, ConnectError } from "@connectrpc/connect";

/** Turns an error of the application, such as one of its database, into a Connect error; undefined where it knows none. */
export type MapError = (reason: unknown) => ConnectError | undefined;

/** What became of something thrown. `hidden` says that the client is not told what it was. */
export interface Failure {
  readonly error: ConnectError;
  readonly hidden: boolean;
}

/**
 * The one way from anything thrown to a code. A ConnectError stays what it is, the application's own errors go
 * through `mapError`, and all others become `internal`: the client learns the request id, the log the reason.
 */
export function failureFrom(reason: unknown, requestId: string, mapError: MapError): Failure {
  if (reason instanceof ConnectError) return { error: reason, hidden: false };
  const mapped = mapError(reason);
  if (mapped !== undefined) return { error: mapped, hidden: mapped.code === Code.Internal };
  const error = new ConnectError(`internal error, request id ${requestId}`, Code.Internal);
  error.cause = reason;
  return { error, hidden: true };
}

const names: ReadonlyMap<Code, string> = new Map(
  // The numeric enum's own keys, from CamelCase to the protocol's snake_case.
  Object.entries(Code)
    .filter((entry): entry is [string, Code] => typeof entry[1] === "number")
    .map(([name, code]) => [code, name.replace(/(?<=[a-z])[A-Z]/g, (letter) => `_${letter}`).toLowerCase()]),
);

/** The name of a code as the Connect protocol spells it, such as `deadline_exceeded`. */
export function codeName(code: Code): string {
  return names.get(code) ?? "unknown";
}
