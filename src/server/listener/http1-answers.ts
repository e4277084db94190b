// What an HTTP/1 client is told without a handler being asked.

import { IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Refusal } from "./guard.ts";
import { linger, withinLinger } from "./linger.ts";
import type { ListenerOptions } from "./options.ts";

/**
 * Answers in full, then ends the response when the body has been read and dropped, or a second later: ending it first
 * would close the connection over unread bytes.
 */
export function refuse(request: IncomingMessage, response: ServerResponse, refusal: Refusal): void {
  const body = `${refusal.text}\n`;
  response.shouldKeepAlive = false;
  response.writeHead(refusal.status, {
    "content-type": "text/plain; charset=utf-8",
    "content-length": Buffer.byteLength(body),
  });
  response.write(body);
  if (request.headers.expect !== undefined) response.end();
  else
    withinLinger(
      (done) => request.once("close", done).resume(),
      () => response.end(),
    );
}

/**
 * Sends `100 Continue` when the body is first read. `_read` is what Node calls when a consumer first asks for the body;
 * no event tells it for every way of reading.
 */
export function continueOnRead(request: IncomingMessage, response: ServerResponse): void {
  request._read = (size) => {
    request._read = IncomingMessage.prototype._read;
    if (!response.headersSent) response.writeContinue();
    request._read(size);
  };
}

/** Status line and sentence for what the parser refuses; no status when the connection itself failed. */
export function answerTo(code: string | undefined, options: ListenerOptions): [string | undefined, string] {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return ["431 Request Header Fields Too Large", `request headers above ${options.maxHeaderBytes} bytes`];
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return ["413 Content Too Large", "chunk extensions are too long"];
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return ["408 Request Timeout", `request headers took more than ${options.headersTimeoutMs} ms`];
    default:
      // Parser errors begin with HPE_; all others are the connection's own, such as ECONNRESET.
      return [
        code?.startsWith("HPE_") === true ? "400 Bad Request" : undefined,
        "this is not well-formed HTTP/1.1",
      ];
  }
}

/** Answers without a request, as text on the socket, and ends the connection. */
export function end(socket: Socket, status: string, text: string): void {
  const body = `${text}\n`;
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  socket.resume();
  linger(socket);
}
