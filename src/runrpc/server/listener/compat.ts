import {
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from "node:http2";

/**
 * Turns a core HTTP/2 stream into Node's request and response objects, for a handler that needs them. It may be called
 * any time before the stream is read. Node exports the classes but not the listeners between them; a server that never
 * listens and is told of a stream builds both.
 */
export function createCompat(
  handler: (request: Http2ServerRequest, response: Http2ServerResponse) => void,
): (stream: ServerHttp2Stream, headers: IncomingHttpHeaders, rawHeaders: readonly string[]) => void {
  const server = createServer((request, response) => {
    // A request whose END_STREAM came in a frame of its own, before the stream was handed on, has told of its end.
    if (request.stream.readableEnded) request.push(null);
    handler(request, response);
  });
  return (stream, headers, rawHeaders) => {
    server.emit("stream", stream, headers, 0, rawHeaders);
  };
}
