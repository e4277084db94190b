// gRPC over HTTP/2: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

import { grpcStatusOk } from "@connectrpc/connect/protocol-grpc";
import { failureTrailers } from "../../http/grpc-status.ts";
import { checkMetadata } from "../../http/header-bytes.ts";
import { CallContext } from "./context.ts";
import { envelopedProtocol } from "./enveloped.ts";
import { addHeaders } from "./headers.ts";
import type { Ending } from "./protocol.ts";

const TRAILER = { "grpc-status": grpcStatusOk } as const;
const OK: Ending = { bytes: undefined, trailers: TRAILER };

/** The status travels in HTTP trailers, that of an error without a message in the headers: see `sendWhole`. */
export const grpc = envelopedProtocol({
  name: "grpc",
  contentTypes: { proto: "application/grpc+proto", json: "application/grpc+json" },
  encodingHeader: "grpc-encoding",
  acceptHeader: "grpc-accept-encoding",
  tellsEncodings: true,
  servesUnary: true,
  servesStreams: true,
  hasTrailers: true,
  isText: false,
  trailer: TRAILER,
  ending({ context }, error) {
    const trailer = CallContext.trailer(context);
    if (error === undefined && trailer === undefined) return OK;
    if (error !== undefined)
      return { bytes: undefined, trailers: addHeaders({}, failureTrailers(error, trailer)) };
    checkMetadata(trailer, "trailers");
    return { bytes: undefined, trailers: addHeaders({}, trailer ?? new Headers(TRAILER)) };
  },
});
