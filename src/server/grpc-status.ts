import type { ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { fittingHeaders, headerBytes, MAX_METADATA_BYTES, MAX_METADATA_ENTRIES } from "./header-bytes.ts";
import { percentEncoded } from "./percent-encoding.ts";

const MESSAGE = "grpc-message";

/** The trailers of a gRPC call that failed: its status, and those that the handler has set, as many as have room beside it. */
export function failureTrailers(error: ConnectError, set?: Headers): Headers {
  const status = withStatus(new Headers(), error);
  if (set === undefined) return status;
  const room = MAX_METADATA_BYTES - headerBytes(status);
  return withStatus(new Headers(fittingHeaders(set, room, MAX_METADATA_ENTRIES / 2)), error);
}

function withStatus(trailers: Headers, error: ConnectError): Headers {
  setTrailerStatus(trailers, error);
  trailers.set(MESSAGE, percentEncoded(error.rawMessage));
  return trailers;
}

/** Gives the message among trailers that connect has written the encoding of `percentEncoded`. */
export function reencodeMessage(trailers: Headers): void {
  const encoded = trailers.get(MESSAGE);
  if (encoded === null) return;
  try {
    trailers.set(MESSAGE, percentEncoded(decodeURIComponent(encoded)));
  } catch {
    // A handler has set it, and not as an encoded text.
  }
}
