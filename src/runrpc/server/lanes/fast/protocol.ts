import type { OutgoingHttpHeaders } from "node:http";
import type { ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import type { Call } from "../../call/call.ts";
import type { Protocol } from "../../call/record.ts";
import { checkMetadata, fittingHeaders, MAX_METADATA_BYTES } from "../../http/header-bytes.ts";
import type { Format } from "./codec.ts";
import { ENCODINGS, type Outgoing } from "./compressed.ts";
import { CallContext } from "./context.ts";
import { addHeaders } from "./headers.ts";
import type { Plan } from "./plan.ts";
import type { Wire } from "./wire.ts";

/** What the wire protocols differ in. */
export interface WireProtocol {
  readonly name: Protocol;
  /** Of responses. */
  readonly contentTypes: Readonly<Record<Format, string>>;
  /** The header that names the compression of the messages, of requests and of responses. */
  readonly encodingHeader: string;
  /** The header in which the other side says what it takes of compressions. */
  readonly acceptHeader: string;
  /** Whether answers tell in `grpc-accept-encoding` what requests may be compressed with. */
  readonly tellsEncodings: boolean;
  readonly servesUnary: boolean;
  readonly servesStreams: boolean;
  /** Whether the response ends with HTTP trailers. */
  readonly hasTrailers: boolean;
  /** Whether the response is sent in base64. */
  readonly isText: boolean;
  /** What a handler finds in its response trailers. */
  readonly trailer: Readonly<Record<string, string>>;
  /**
   * Collects the one message of a request that is no stream.
   *
   * @throws ConnectError when it is known from the head that the request is not good.
   */
  requestBody(parts: CallParts): RequestBody;
  /** Answers a unary call with a message, or with an error. */
  answer(parts: CallParts, message: Outgoing | undefined, error: ConnectError | undefined): void;
  /** The end of a streamed response, with the trailers of the handler and those of the error. */
  ending(parts: CallParts, error: ConnectError | undefined): Ending;
}

/** A request message that arrives in pieces. */
export interface RequestBody {
  /** @throws ConnectError as soon as it is known that the request is not good. */
  push(chunk: Buffer): void;
  /**
   * The message, once the request has ended.
   *
   * @throws ConnectError when it is not there, or not whole.
   */
  end(): Buffer;
  /** What the message is compressed with, known when it is whole; undefined: it is not. */
  readonly compression: Compression | undefined;
}

/** What a call on this lane is made of. */
export interface CallParts {
  readonly plan: Plan;
  readonly call: Call;
  readonly wire: Wire;
  /** Undefined as long as no handler was called. */
  readonly context: CallContext | undefined;
}

/** What follows the last message: in the body, or after it as HTTP trailers. */
export interface Ending {
  readonly bytes: Uint8Array | undefined;
  readonly trailers: OutgoingHttpHeaders | undefined;
}

/**
 * The response headers of a call: those of every answer, and those of the handler, which win. Beside an error only as
 * many of these as have room.
 *
 * @param encoding what messages of the answer are compressed with.
 * @throws Error when a handler that succeeded has set more than a client can take.
 */
export function responseHeaders(
  { plan, call, context }: CallParts,
  isError: boolean,
  encoding: string | undefined,
): OutgoingHttpHeaders {
  // Those of `headersOfEvery`, put where they go: the copy of an object is a part of what a small call costs.
  const { requestId, corsHeaders } = call.head;
  const { tellsEncodings, encodingHeader } = plan.protocol;
  const headers: OutgoingHttpHeaders = tellsEncodings
    ? { "content-type": plan.contentType, "grpc-accept-encoding": ENCODINGS, "x-request-id": requestId }
    : { "content-type": plan.contentType, "x-request-id": requestId };
  if (encoding !== undefined) headers[encodingHeader] = encoding;
  if (corsHeaders !== undefined) Object.assign(headers, corsHeaders);
  const header = CallContext.header(context);
  if (header === undefined) return headers;
  if (isError) return addHeaders(headers, fittingHeaders(header, MAX_METADATA_BYTES / 2));
  checkMetadata(header, "headers");
  return addHeaders(headers, header);
}
