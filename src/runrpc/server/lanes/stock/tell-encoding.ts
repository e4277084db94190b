import type { Call } from "../../call/call.ts";
import type { Wire } from "../../http/content-type.ts";
import type { AnswerCompression } from "../answer-compression.ts";

/**
 * Tells the adapter what to compress its answer with. It takes the first that it knows of what the client accepts, and the
 * encoding of the request where it is told of none: so it is told of one, or of `identity`.
 *
 * @param header of the request, as the adapter reads it.
 * @param wire undefined for a GET without a content type.
 */
export function tellEncoding(
  header: Headers,
  call: Call,
  wire: Wire | undefined,
  compression: AnswerCompression,
): void {
  const { own, accept } = ENCODING_HEADERS[wire ?? "connect-unary"];
  const { headers } = call.head;
  header.set(accept, compression.encodingFor(call.head, headers[accept], headers[own])?.name ?? "identity");
}

/** The headers that name the compression of the messages, and what its sender takes. */
export const ENCODING_HEADERS: Readonly<Record<Wire, { readonly own: string; readonly accept: string }>> = {
  "connect-unary": { own: "content-encoding", accept: "accept-encoding" },
  "connect-stream": { own: "connect-content-encoding", accept: "connect-accept-encoding" },
  grpc: { own: "grpc-encoding", accept: "grpc-accept-encoding" },
  "grpc-web": { own: "grpc-encoding", accept: "grpc-accept-encoding" },
  "grpc-web-text": { own: "grpc-encoding", accept: "grpc-accept-encoding" },
};
