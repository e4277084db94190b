/** What a client is told of the id that the log and the record of its call have. */
export const REQUEST_ID = "x-request-id";

/**
 * The headers and trailers that say what an answer is, which no handler sets: the server writes them from what it sends. With
 * a `content-length` of its own a handler would break the call, with a `grpc-status` the client would hear of another
 * end than the record, and with an `x-request-id`, as of an answer that it passes on, of another call.
 */
export const SERVER_HEADERS: readonly string[] = [
  "connect-accept-encoding",
  "connect-content-encoding",
  "content-encoding",
  "content-length",
  "content-type",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-message",
  "grpc-status",
  "grpc-status-details-bin",
  "te",
  "trailer",
  REQUEST_ID,
];

/** Takes out of a handler's headers what is the server's, and puts in what the server has for it. */
export function dropServerHeaders(headers: Headers, own: Readonly<Record<string, string>>): void {
  for (const name of SERVER_HEADERS) {
    const value = own[name];
    if (value !== undefined) headers.set(name, value);
    else if (headers.has(name)) headers.delete(name);
  }
}

/** What of the server's headers is there. */
export function serverHeadersOf(headers: Headers): Readonly<Record<string, string>> {
  const own: Record<string, string> = {};
  for (const name of SERVER_HEADERS) {
    const value = headers.get(name);
    if (value !== null) own[name] = value;
  }
  return own;
}
