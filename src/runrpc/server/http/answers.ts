import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { ConnectError } from "@connectrpc/connect";
import { boundedText } from "../bounded-text.ts";
import type { Protocol } from "../call/record.ts";
import { codeName } from "../errors.ts";
import type { OutgoingHeaders, Stream } from "../http2/stream.ts";
import { wireOf } from "./content-type.ts";
import type { Origin } from "./origin.ts";
import { percentEncoded } from "./percent-encoding.ts";
import { stopUpload } from "./stop-upload.ts";

/** A whole answer that needs no lane: an HTTP status, headers and a short body. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string | Uint8Array;
}

/** What is known of a request that is no call, besides its method and path. */
export interface PlainRequest {
  readonly headers: IncomingHttpHeaders;
  /** The address of the client, without its port: behind a trusted proxy, the one that the proxy names. */
  readonly peer: string;
  /** The connection that it came by. */
  readonly origin: Origin;
}

/** Answers paths that are not calls, such as /healthz. Undefined: the path is not its own. */
export type PlainRoutes = (
  httpMethod: string,
  path: string,
  request: PlainRequest,
) => PlainAnswer | Promise<PlainAnswer> | undefined;

/** Asks one after the other, until one knows the path; those that are not there are passed over. */
export function anyOf(...all: readonly (PlainRoutes | undefined)[]): PlainRoutes {
  const there = all.filter((one) => one !== undefined);
  return (httpMethod, path, request) => {
    for (const one of there) {
      const answer = one(httpMethod, path, request);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
}

/** An answer of one line of text. */
export function textAnswer(status: number, text: string, headers: OutgoingHttpHeaders = {}): PlainAnswer {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
    body: `${boundedText(text)}\n`,
  };
}

/**
 * An error as each protocol words it. Connect's unary calls are given JSON under the HTTP status, its streams an end of
 * stream in an envelope under 200, where a client looks for its code; gRPC and gRPC-Web a response that is all trailers
 * (gRPC over HTTP/2, "Trailers-Only").
 *
 * @param contentType of the request, as `plainContentType` gives it
 */
export function errorAnswer(
  protocol: Protocol,
  contentType: string | undefined,
  error: ConnectError,
  status: number,
): PlainAnswer {
  if (protocol !== "connect") {
    const headers = {
      // What the client sent is no header to send back, when it is not served.
      "content-type": wireOf(contentType) === undefined ? `application/${protocol}` : contentType,
      "grpc-status": String(error.code),
      "grpc-message": percentEncoded(error.rawMessage),
    };
    return { status: 200, headers, body: "" };
  }
  const json = { code: codeName(error.code), message: error.rawMessage };
  if (wireOf(contentType) === "connect-stream")
    return { status: 200, headers: { "content-type": contentType }, body: endOfStream({ error: json }) };
  return { status, headers: { "content-type": "application/json" }, body: JSON.stringify(json) };
}

/**
 * An error for a method that nobody serves. HTTP's own 404 is `unimplemented` to every Connect client, so streams of
 * Connect are given it as unary calls are.
 */
export function unknownMethodAnswer(
  protocol: Protocol,
  contentType: string | undefined,
  error: ConnectError,
): PlainAnswer {
  const type = protocol === "connect" ? "application/json" : contentType;
  return errorAnswer(protocol, type, error, 404);
}

/** Sends an answer on an HTTP/2 stream and takes no more of its request. */
export function answerStream(stream: ServerHttp2Stream, answer: PlainAnswer, isHead: boolean): void {
  if (stream.destroyed) return;
  const endStream = answer.body.length === 0 || isHead;
  stream.respond({ ":status": answer.status, ...answer.headers }, { endStream });
  if (!endStream) stream.end(answer.body);
  stream.once("finish", () => stopUpload(stream));
}

/** The same on a stream of our own engine, which takes no more of a request than that by itself. */
export function answerOwnStream(stream: Stream, { status, headers, body }: PlainAnswer): void {
  const bytes = typeof body === "string" ? Buffer.from(body) : body;
  // Header lists of answers are lists of texts, as the engine takes them.
  stream.respond(status, headers as OutgoingHeaders, bytes.length === 0);
  stream.end(bytes);
}

/** Sends an answer over HTTP/1.1 and, where a body is still coming, ends the connection after it. */
export function answerRequest(request: IncomingMessage, response: ServerResponse, answer: PlainAnswer): void {
  const close = request.complete ? {} : { connection: "close" };
  // A 204 has no length (RFC 9110, 8.6).
  const length = answer.status === 204 ? {} : { "content-length": Buffer.byteLength(answer.body) };
  response.writeHead(answer.status, { ...answer.headers, ...length, ...close });
  response.end(request.method === "HEAD" ? "" : answer.body);
}

/** The last envelope of a Connect stream: https://connectrpc.com/docs/protocol#error-end-stream */
function endOfStream(content: object): Buffer {
  const json = JSON.stringify(content);
  const bytes = Buffer.alloc(5 + Buffer.byteLength(json));
  bytes.writeUInt8(0b10, 0);
  bytes.writeUInt32BE(bytes.length - 5, 1);
  bytes.write(json, 5);
  return bytes;
}
