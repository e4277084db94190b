import type { ClientHttp2Session, IncomingHttpHeaders } from "node:http2";
import { ConnectError } from "@connectrpc/connect";
import { endStreamFromJson, errorFromJsonBytes } from "@connectrpc/connect/protocol-connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { trailerParse } from "@connectrpc/connect/protocol-grpc-web";
import { framed, open, type Seen, seen } from "./fast/serve.ts";

/** How a call is made by hand, and what its client is told. */
export const protocols = ["grpc", "grpc-web", "connect"] as const;
export type Protocol = (typeof protocols)[number];

/** What a client is told of a call, whatever the protocol. */
export interface Told {
  readonly error: ConnectError | undefined;
  /** As HTTP/2 counts them. */
  readonly headerBytes: number;
  readonly trailerBytes: number;
  readonly bodyBytes: number;
  /** The code of RST_STREAM. */
  readonly rstCode: number;
  readonly seen: Seen;
}

/** Makes one call over HTTP/2 with these request messages. */
export async function tell(
  session: ClientHttp2Session,
  protocol: Protocol,
  path: string,
  isUnary: boolean,
  messages: readonly Uint8Array[],
  headers: IncomingHttpHeaders = {},
  format: "proto" | "json" = "proto",
): Promise<Told> {
  const isBare = protocol === "connect" && isUnary;
  const contentType = isBare ? `application/${format}` : `application/${protocol}+${format}`;
  const stream = open(session, path, { "content-type": contentType, ...headers });
  stream.end(Buffer.concat(messages.map((message) => (isBare ? message : framed(message)))));
  const answer = await seen(stream);
  return {
    error: errorOf(protocol, isBare, answer),
    headerBytes: bytesOf(answer.headers),
    trailerBytes: bytesOf(answer.trailers),
    bodyBytes: answer.body.length,
    rstCode: answer.rstCode,
    seen: answer,
  };
}

function errorOf(protocol: Protocol, isBare: boolean, answer: Seen): ConnectError | undefined {
  if (protocol === "grpc") return findTrailerError(headersOf({ ...answer.headers, ...answer.trailers }));
  if (!isBare) {
    const last = lastEnvelope(answer.body);
    return protocol === "grpc-web" ? findTrailerError(trailerParse(last)) : endStreamFromJson(last).error;
  }
  if (Number(answer.headers[":status"]) === 200) return undefined;
  return errorFromJsonBytes(answer.body, undefined, new ConnectError("no JSON"));
}

function lastEnvelope(body: Buffer): Buffer {
  let at = 0;
  for (;;) {
    const end = at + 5 + body.readUInt32BE(at + 1);
    if (end === body.length) return body.subarray(at + 5);
    at = end;
  }
}

function headersOf(node: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(node))
    if (!name.startsWith(":") && value !== undefined) headers.set(name, String(value));
  return headers;
}

function bytesOf(headers: IncomingHttpHeaders): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers))
    for (const one of Array.isArray(value) ? value : [value]) bytes += name.length + String(one).length + 32;
  return bytes;
}
