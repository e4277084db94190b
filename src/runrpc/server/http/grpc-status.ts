import type { ConnectError } from "@connectrpc/connect";
import { setTrailerStatus } from "@connectrpc/connect/protocol-grpc";
import { boundedText } from "../bounded-text.ts";
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

/** Gives the message among trailers that connect has written, of an error of its own too, its bound and its encoding. */
export function reencodeMessage(trailers: Headers): void {
  const encoded = trailers.get(MESSAGE);
  if (encoded === null) return;
  try {
    trailers.set(MESSAGE, percentEncoded(boundedText(decodeURIComponent(encoded))));
  } catch {
    // A handler has set it, and not as an encoded text.
  }
}
