// Connect's streams: https://connectrpc.com/docs/protocol#streaming-rpcs

import { createRegistry, type Registry } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { endStreamFlag, endStreamToJson } from "@connectrpc/connect/protocol-connect";
import { checkMetadata, fittingHeaders, MAX_METADATA_BYTES } from "../../http/header-bytes.ts";
import { CallContext } from "./context.ts";
import { envelope } from "./envelope.ts";
import { envelopedProtocol } from "./enveloped.ts";
import type { Ending } from "./protocol.ts";

const OK: Ending = endingFrom(new Headers(), undefined, createRegistry());

/** Error and trailers travel as JSON in a last envelope, the HTTP status is always 200. */
export const connectStream = envelopedProtocol({
  name: "connect",
  contentTypes: { proto: "application/connect+proto", json: "application/connect+json" },
  encodingHeader: "connect-content-encoding",
  acceptHeader: "connect-accept-encoding",
  tellsEncodings: false,
  servesUnary: false,
  servesStreams: true,
  hasTrailers: false,
  isText: false,
  trailer: {},
  ending({ context, plan }, error) {
    const trailer = CallContext.trailer(context);
    if (error === undefined && trailer === undefined) return OK;
    if (error === undefined) checkMetadata(trailer, "trailers");
    const fitting = trailer === undefined ? new Headers() : fittingHeaders(trailer, MAX_METADATA_BYTES);
    return endingFrom(fitting, error, plan.registry);
  },
});

function endingFrom(trailer: Headers, error: ConnectError | undefined, registry: Registry): Ending {
  const json = JSON.stringify(endStreamToJson(trailer, error, { registry }));
  return { bytes: envelope(endStreamFlag, json), trailers: undefined };
}
