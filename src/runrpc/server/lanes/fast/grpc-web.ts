// gRPC-Web: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md

import { grpcStatusOk } from "@connectrpc/connect/protocol-grpc";
import { trailerFlag, trailerSerialize } from "@connectrpc/connect/protocol-grpc-web";
import { failureTrailers } from "../../http/grpc-status.ts";
import { checkMetadata } from "../../http/header-bytes.ts";
import { CallContext } from "./context.ts";
import { envelope } from "./envelope.ts";
import { envelopedProtocol } from "./enveloped.ts";
import type { Ending, WireProtocol } from "./protocol.ts";

const TRAILER = { "grpc-status": grpcStatusOk } as const;
const OK: Ending = endingFrom(new Headers(TRAILER));

/** The trailers of gRPC, as a last envelope in the body. */
export const grpcWeb = envelopedProtocol({
  name: "grpc-web",
  contentTypes: { proto: "application/grpc-web+proto", json: "application/grpc-web+json" },
  encodingHeader: "grpc-encoding",
  acceptHeader: "grpc-accept-encoding",
  tellsEncodings: true,
  servesUnary: true,
  servesStreams: true,
  hasTrailers: false,
  isText: false,
  trailer: TRAILER,
  ending({ context }, error) {
    const trailer = CallContext.trailer(context);
    if (error === undefined && trailer === undefined) return OK;
    if (error !== undefined) return endingFrom(failureTrailers(error, trailer));
    checkMetadata(trailer, "trailers");
    return endingFrom(trailer ?? new Headers(TRAILER));
  },
});

/** The same, answered in base64. */
export const grpcWebText: WireProtocol = {
  ...grpcWeb,
  contentTypes: { proto: "application/grpc-web-text+proto", json: "application/grpc-web-text+json" },
  isText: true,
};

function endingFrom(trailer: Headers): Ending {
  return { bytes: envelope(trailerFlag, trailerSerialize(trailer)), trailers: undefined };
}
