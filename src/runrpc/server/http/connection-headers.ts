const NAMES: ReadonlySet<string> = new Set([
  "connection",
  "http2-settings",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Tells the headers of a connection, which no handler sets: they say how the message is framed, HTTP/2 forbids them (RFC
 * 9113, 8.2.2), and Node throws where nobody catches when one of them is among the trailers.
 */
export function isOfConnection(lowerCaseName: string): boolean {
  return NAMES.has(lowerCaseName);
}
