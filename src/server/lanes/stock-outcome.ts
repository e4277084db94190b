import type { ConnectError } from "@connectrpc/connect";
import { endStreamFlag, endStreamFromJson } from "@connectrpc/connect/protocol-connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { trailerFlag, trailerParse } from "@connectrpc/connect/protocol-grpc-web";
import type { Protocol } from "../record.ts";

/**
 * The error that the adapter told a client at the end of a stream, read back from the HTTP trailers (gRPC) or from the
 * last message, which the two others end with. Undefined when it told none, or told it compressed.
 */
export function errorAtEnd(
  protocol: Protocol,
  trailers: Headers | undefined,
  lastBytes: Uint8Array,
): ConnectError | undefined {
  const message = lastBytes.subarray(5);
  switch (protocol) {
    case "grpc":
      return trailers && findTrailerError(trailers);
    case "grpc-web":
      return lastBytes[0] === trailerFlag ? findTrailerError(trailerParse(message)) : undefined;
    case "connect":
      return lastBytes[0] === endStreamFlag ? endStreamFromJson(message).error : undefined;
  }
}
