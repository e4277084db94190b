import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";
import { isOfConnection } from "../../http/connection-headers.ts";

/** Request headers as the handler sees them, without HTTP/2's pseudo-headers. */
export function headersFromNode(node: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(node)) {
    if (value === undefined || name.startsWith(":")) continue;
    if (typeof value === "string") headers.append(name, value);
    else for (const one of value) headers.append(name, one);
  }
  return headers;
}

/**
 * Writes `headers` over those of the same name in `target`; several values of one name (cookies) become a list. What
 * belongs to the connection is left out.
 */
export function addHeaders(target: OutgoingHttpHeaders, headers: Headers, prefix = ""): OutgoingHttpHeaders {
  const cookies = headers.getSetCookie();
  for (const [name, value] of headers) {
    // Two empty values are joined to one that ends in a space, which HTTP/2 does not allow.
    if (!isOfConnection(name)) target[`${prefix}${name}`] = value.trimEnd();
  }
  if (cookies.length > 0) target[`${prefix}set-cookie`] = cookies;
  return target;
}
