import type { IncomingHttpHeaders } from "node:http2";
import type { RequestHandlers } from "./options.ts";

/** The host that an HTTP/2 request names (RFC 9113, 8.3.1: either header will do). */
export function authorityOf(headers: IncomingHttpHeaders): string | undefined {
  return headers[":authority"] ?? headers.host;
}

/** The path of an HTTP/2 request. `OPTIONS *` asks of the server as a whole (RFC 9113, 8.3.1). */
export function pathOf(headers: IncomingHttpHeaders): string | undefined {
  return headers[":path"] === "*" && headers[":method"] === "OPTIONS" ? "/" : headers[":path"];
}

/** Whether the request is served whatever host it names. */
export function isServedAnyway({ answersAnyHost }: RequestHandlers, headers: IncomingHttpHeaders): boolean {
  return answersAnyHost?.(headers[":method"] ?? "", headers[":path"] ?? "") === true;
}
