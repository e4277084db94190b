import type { DescMessage } from "@bufbuild/protobuf";

/**
 * The error for an answer that holds what its fields cannot, such as a text in a number's place. It is the handler's fault, and
 * quotes values: the log is told of it, and clients that the call has failed.
 */
export function unwritable(output: DescMessage | undefined, reason: unknown): Error {
  const text = reason instanceof Error ? reason.message : String(reason);
  const what = output === undefined ? "message" : output.typeName;
  return new TypeError(`a handler gave a ${what} that cannot be written: ${text}`, { cause: reason });
}
