// Connect's unary calls by GET: https://connectrpc.com/docs/protocol#unary-get-request

import type { OutgoingHttpHeaders } from "node:http";
import type { Compression } from "@connectrpc/connect/protocol";
import { cacheHeaders } from "../answer-headers.ts";
import { readGetQuery } from "../get-query.ts";
import { tooLargeToRead } from "./codec.ts";
import { knownCompression } from "./compressed.ts";
import { connectUnary, sendConnectUnary } from "./connect-unary.ts";
import type { CallParts, RequestBody, WireProtocol } from "./protocol.ts";

/** The message is in the query, a body means nothing (RFC 9110, 9.3.1), and caches are told what they may keep. */
export const connectGet: WireProtocol = {
  ...connectUnary,
  requestBody: ({ plan, wire }) => new QueryBody(wire.target, plan.maxRequestBytes),
  answer: (parts, message, error) =>
    sendConnectUnary(parts, message, error, (headers, status) => withCaching(parts, headers, status)),
};

/** The message of a query, as the body that it stands for. What comes of a real one is dropped, within the same bound. */
class QueryBody implements RequestBody {
  readonly #target: string;
  readonly #maxBytes: number;
  #droppedBytes = 0;
  compression: Compression | undefined = undefined;

  constructor(target: string, maxBytes: number) {
    this.#target = target;
    this.#maxBytes = maxBytes;
  }

  push(chunk: Buffer): void {
    this.#droppedBytes += chunk.length;
    if (this.#droppedBytes > this.#maxBytes) throw tooLargeToRead(this.#droppedBytes, this.#maxBytes);
  }

  end(): Buffer {
    const { message, compression } = readGetQuery(this.#target, this.#maxBytes);
    if (compression !== undefined)
      this.compression = knownCompression(compression, connectUnary.acceptHeader);
    return message;
  }
}

function withCaching({ call }: CallParts, headers: OutgoingHttpHeaders, status: number): OutgoingHttpHeaders {
  const { route, corsHeaders } = call.head;
  // Those of CORS are among them, unless the handler has set others of the name.
  const vary = headers.vary === corsHeaders?.vary ? undefined : textOf(headers.vary);
  const given = { cacheControl: textOf(headers["cache-control"]), vary };
  const isPublic = route?.policy.isPublic === true;
  return Object.assign(headers, cacheHeaders(given, status, isPublic, corsHeaders?.vary));
}

function textOf(value: OutgoingHttpHeaders[string]): string | undefined {
  return value === undefined ? undefined : String(value);
}
