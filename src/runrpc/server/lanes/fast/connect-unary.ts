// Connect's unary calls: https://connectrpc.com/docs/protocol#unary-request

import type { OutgoingHttpHeaders } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import { mergeNonProtocolHeaders } from "@connectrpc/connect/protocol";
import { codeToHttpStatus, errorToJson } from "@connectrpc/connect/protocol-connect";
import { checkMetadata, fittingHeaders, MAX_METADATA_BYTES } from "../../http/header-bytes.ts";
import { CHALLENGE, UNAUTHENTICATED_STATUS } from "../answer-headers.ts";
import { type Encoded, tooLargeToRead } from "./codec.ts";
import { CallContext } from "./context.ts";
import { byteLengthOf } from "./envelope.ts";
import { addHeaders } from "./headers.ts";
import { Pieces } from "./pieces.ts";
import { type CallParts, type RequestBody, responseHeaders, type WireProtocol } from "./protocol.ts";

/** One message is the body. Errors are JSON with an HTTP status of their own, and trailers are headers with a prefix. */
export const connectUnary: WireProtocol = {
  name: "connect",
  contentTypes: { proto: "application/proto", json: "application/json" },
  encodingHeader: "content-encoding",
  tellsEncodings: false,
  servesUnary: true,
  servesStreams: false,
  needsHttp2: false,
  trailer: {},
  requestBody: ({ maxRequestBytes }, isCompressed) => new WholeBody(maxRequestBytes, isCompressed),
  answer(parts, message, error) {
    if (error !== undefined) refuse(parts, error);
    else answer(parts, message ?? "");
  },
  // Nothing is streamed.
  endFlag: 0,
  ending: () => ({ bytes: undefined, trailers: undefined }),
};

function answer(parts: CallParts, message: Encoded): void {
  const trailer = CallContext.trailer(parts.context);
  checkMetadata(trailer, "trailers");
  const headers = withTrailers(responseHeaders(parts), trailer);
  headers["content-length"] = byteLengthOf(message);
  parts.wire.send(200, headers, message, undefined);
}

function refuse({ plan, call, wire, context }: CallParts, error: ConnectError): void {
  const header = new Headers(fitting(CallContext.header(context)));
  header.set("content-type", "application/json");
  // The metadata of an error that came from another server was meant for its client alone.
  if (!error.isWireError) mergeNonProtocolHeaders(header, error.metadata);
  const headers = addHeaders(responseHeaders({ plan, call, wire, context: undefined }), header);
  const body = JSON.stringify(errorToJson(error, { registry: plan.registry }));
  headers["content-length"] = Buffer.byteLength(body);
  const status = codeToHttpStatus(error.code);
  if (status === UNAUTHENTICATED_STATUS) headers["www-authenticate"] ??= CHALLENGE;
  wire.send(status, withTrailers(headers, fitting(CallContext.trailer(context))), body, undefined);
}

/** Of what the handler has set, as much as has room beside the metadata of an error. */
function fitting(set: Headers | undefined): Headers | undefined {
  return set === undefined ? undefined : fittingHeaders(set, MAX_METADATA_BYTES / 2);
}

function withTrailers(headers: OutgoingHttpHeaders, trailer: Headers | undefined): OutgoingHttpHeaders {
  return trailer === undefined ? headers : addHeaders(headers, trailer, "trailer-");
}

/** A request body that is one message. */
class WholeBody implements RequestBody {
  readonly #maxBytes: number;
  #first: Buffer | undefined = undefined;
  #more: Pieces | undefined = undefined;
  #length = 0;
  readonly isCompressed: boolean;

  constructor(maxBytes: number, isCompressed: boolean) {
    this.#maxBytes = maxBytes;
    this.isCompressed = isCompressed;
  }

  /** @throws ConnectError `resource_exhausted` as soon as it is too long. */
  push(chunk: Buffer): void {
    this.#length += chunk.length;
    if (this.#length > this.#maxBytes) throw tooLargeToRead(this.#length, this.#maxBytes);
    if (this.#first === undefined) this.#first = chunk;
    else {
      this.#more ??= new Pieces();
      this.#more.push(chunk);
    }
  }

  end(): Buffer {
    if (this.#first !== undefined && this.#more !== undefined) return this.#more.join(this.#first);
    return this.#first ?? Buffer.alloc(0);
  }
}
