import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { ServerHttp2Stream } from "node:http2";
import type { ConnectError } from "@connectrpc/connect";
import { boundedText } from "./bounded-text.ts";
import { codeName } from "./errors.ts";
import { percentEncoded } from "./percent-encoding.ts";
import type { Protocol } from "./record.ts";
import { stopUpload } from "./stop-upload.ts";

/** A whole answer that needs no lane: an HTTP status, headers and a short body. */
export interface PlainAnswer {
  readonly status: number;
  readonly headers: OutgoingHttpHeaders;
  readonly body: string;
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
 * An error for a method that nobody serves, as each protocol words it: HTTP 404 with JSON for Connect, and for gRPC
 * and gRPC-Web a response that is all trailers (gRPC over HTTP/2, "Trailers-Only").
 */
export function unknownMethodAnswer(
  protocol: Protocol,
  contentType: string | undefined,
  error: ConnectError,
): PlainAnswer {
  return errorAnswer(protocol, contentType, error, 404);
}

/** The same for another reason; Connect is given it as JSON under the HTTP status. */
export function errorAnswer(
  protocol: Protocol,
  contentType: string | undefined,
  error: ConnectError,
  status: number,
): PlainAnswer {
  if (protocol === "connect") {
    const body = JSON.stringify({ code: codeName(error.code), message: error.rawMessage });
    return { status, headers: { "content-type": "application/json" }, body };
  }
  const headers = {
    "content-type": contentType,
    "grpc-status": String(error.code),
    "grpc-message": percentEncoded(error.rawMessage),
  };
  return { status: 200, headers, body: "" };
}

/** Sends an answer on an HTTP/2 stream and takes no more of its request. */
export function answerStream(stream: ServerHttp2Stream, answer: PlainAnswer, isHead: boolean): void {
  if (stream.destroyed) return;
  const endStream = answer.body === "" || isHead;
  stream.respond({ ":status": answer.status, ...answer.headers }, { endStream });
  if (!endStream) stream.end(answer.body);
  stream.once("finish", () => stopUpload(stream));
}

/** Sends an answer over HTTP/1.1 and, where a body is still coming, ends the connection after it. */
export function answerRequest(request: IncomingMessage, response: ServerResponse, answer: PlainAnswer): void {
  const close = request.complete ? {} : { connection: "close" };
  const length = { "content-length": Buffer.byteLength(answer.body) };
  response.writeHead(answer.status, { ...answer.headers, ...length, ...close });
  response.end(request.method === "HEAD" ? "" : answer.body);
}
