// Connect's unary calls: https://connectrpc.com/docs/protocol#unary-request

import type { OutgoingHttpHeaders } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import { mergeNonProtocolHeaders } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorToJson } from "@connectrpc/connect/protocol-connect";
import {
  checkMetadata,
  checkTogether,
  fittingHeaders,
  MAX_ENTRIES_BESIDE_ERROR,
  MAX_METADATA_BYTES,
} from "../../http/header-bytes.ts";
import { CHALLENGE, UNAUTHENTICATED_STATUS } from "../answer-headers.ts";
import { Compressed, type Outgoing, requestCompression } from "./compressed.ts";
import { CallContext } from "./context.ts";
import { byteLengthOf } from "./envelope.ts";
import { bareOf } from "./framed.ts";
import { addHeaders } from "./headers.ts";
import { type CallParts, responseHeaders, type WireProtocol } from "./protocol.ts";
import { WholeBody } from "./whole-body.ts";

/** One message is the body. Errors are JSON with an HTTP status of their own, and trailers are headers with a prefix. */
export const connectUnary: WireProtocol = {
  name: "connect",
  contentTypes: { proto: "application/proto", json: "application/json" },
  encodingHeader: "content-encoding",
  acceptHeader: "accept-encoding",
  tellsEncodings: false,
  servesUnary: true,
  servesStreams: false,
  hasTrailers: false,
  isText: false,
  trailer: {},
  requestBody: ({ plan, call }) => new WholeBody(plan.maxRequestBytes, requestCompression(plan, call)),
  answer: (parts, message, error) => sendConnectUnary(parts, message, error, (headers) => headers),
  // Nothing is streamed.
  ending: () => ({ bytes: undefined, trailers: undefined }),
};

/** Answers with the message, or with the error. @param finished gives the last touch to the headers. */
export function sendConnectUnary(
  parts: CallParts,
  message: Outgoing | undefined,
  error: ConnectError | undefined,
  finished: (headers: OutgoingHttpHeaders, status: number) => OutgoingHttpHeaders,
): void {
  const { plan, wire } = parts;
  if (error !== undefined) {
    const status = codeToHttpStatus(error.code);
    const body = JSON.stringify(errorToJson(error, { registry: plan.registry }));
    const headers = errorHeaders(parts, error, status);
    headers["content-length"] = Buffer.byteLength(body);
    wire.send(status, finished(headers, status), body, undefined);
    return;
  }
  const trailer = CallContext.trailer(parts.context);
  checkMetadata(trailer, "trailers");
  checkTogether(CallContext.header(parts.context), trailer);
  const [body, encoding] =
    message instanceof Compressed ? [message.bytes, message.encoding] : [bareOf(message ?? ""), undefined];
  const headers = withTrailers(responseHeaders(parts, false, encoding), trailer);
  headers["content-length"] = byteLengthOf(body);
  wire.send(200, finished(headers, 200), body, undefined);
}

function errorHeaders(
  { plan, call, wire, context }: CallParts,
  error: ConnectError,
  status: number,
): OutgoingHttpHeaders {
  const header = new Headers(fitting(CallContext.header(context)));
  header.set("content-type", "application/json");
  // The metadata of an error that came from another server was meant for its client alone.
  if (!error.isWireError) mergeNonProtocolHeaders(header, error.metadata);
  const own = responseHeaders({ plan, call, wire, context: undefined }, true, undefined);
  const headers = addHeaders(own, header);
  if (status === UNAUTHENTICATED_STATUS) headers["www-authenticate"] ??= CHALLENGE;
  return withTrailers(headers, fitting(CallContext.trailer(context)));
}

/** Of what the handler has set, as much as has room beside the metadata of an error. */
function fitting(set: Headers | undefined): Headers | undefined {
  return set === undefined
    ? undefined
    : fittingHeaders(set, MAX_METADATA_BYTES / 2, MAX_ENTRIES_BESIDE_ERROR);
}

function withTrailers(headers: OutgoingHttpHeaders, trailer: Headers | undefined): OutgoingHttpHeaders {
  return trailer === undefined ? headers : addHeaders(headers, trailer, "trailer-");
}
