import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { boundedError } from "./bounded-error.ts";
import { checkValues } from "./http/header-bytes.ts";
import { refuseInexact } from "./json/write-json.ts";

/** Turns an error of the application, such as one of its database, into a Connect error; undefined where it knows none. */
export type MapError = (reason: unknown) => ConnectError | undefined;

/** What became of something thrown. */
export interface Failure {
  readonly error: ConnectError;
  /** The client is not told what it was. */
  readonly hidden: boolean;
  /** What was thrown when the error was looked at or mapped. */
  readonly second?: unknown;
}

/**
 * The one way from anything thrown to a code. A ConnectError that can be written stays what it is, the application's own
 * errors go through `mapError`, and all others become `internal`: the client learns the request id, the log the reason.
 * What the client is told is bounded, for every protocol alike. It never throws, whatever was thrown: looking at a Proxy
 * runs code, too.
 */
export function failureFrom(reason: unknown, requestId: string, mapError: MapError): Failure {
  try {
    if (reason instanceof ConnectError) return { error: writable(reason), hidden: false };
    const mapped = mapError(reason);
    if (mapped !== undefined) {
      const error = writable(mapped);
      return { error, hidden: error.code === Code.Internal };
    }
  } catch (second) {
    return { ...hiddenFailure(reason, requestId), second };
  }
  return hiddenFailure(reason, requestId);
}

/**
 * The error as every protocol can carry it.
 *
 * @throws whatever its parts throw, and TypeError for a part that is not what its type says.
 */
function writable(error: ConnectError): ConnectError {
  const { code, rawMessage, metadata, details } = error;
  if (!names.has(code)) throw new TypeError(`a ConnectError has the code ${String(code).slice(0, 100)}`);
  if (typeof rawMessage !== "string") throw new TypeError("a ConnectError has a message that is no text");
  if (!(metadata instanceof Headers)) throw new TypeError("a ConnectError has metadata that are no Headers");
  checkValues(metadata, "the metadata of a ConnectError");
  for (const detail of details) checkDetail(detail);
  return boundedError(error);
}

/** @throws what writing it would throw. */
function checkDetail(detail: ConnectError["details"][number]): void {
  if ("desc" in detail) {
    const message = create(detail.desc, detail.value);
    toBinary(detail.desc, message);
    refuseInexact(detail.desc, message);
  } else if (typeof detail.type !== "string" || !(detail.value instanceof Uint8Array))
    throw new TypeError("a ConnectError has a detail without type and bytes");
}

function hiddenFailure(reason: unknown, requestId: string): Failure {
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
