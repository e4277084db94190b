import { Code, ConnectError } from "@connectrpc/connect";

/** What comes before a message in its envelope, in bytes: flags in one, the length in four. */
export const ENVELOPE_BYTES = 5;

/** The message of an envelope is compressed. */
export const COMPRESSED_FLAG = 0x01;

/**
 * What is said of an envelope with flags that a request does not have: what they mean is not known, so that its message may be
 * none. Trailers, and the end of a stream, are what servers send in envelopes.
 */
export function unknownFlags(flags: number): ConnectError {
  const known = [0, COMPRESSED_FLAG].map(hex).join(" and ");
  return new ConnectError(
    `protocol error: an envelope has the flags ${hex(flags)}; a request has ${known}`,
    Code.InvalidArgument,
  );
}

function hex(flags: number): string {
  return `0x${flags.toString(16).padStart(2, "0")}`;
}
