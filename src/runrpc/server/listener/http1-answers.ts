// What an HTTP/1 client is told without a handler being asked.

import { IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { discard } from "./discard.ts";
import type { Refusal } from "./guard.ts";
import { linger, withinLinger } from "./linger.ts";
import type { ListenerOptions, RefusalAnswer } from "./options.ts";

/**
 * Answers in full, then ends the response when the body has been read and dropped, or a second later: ending it first
 * would close the connection over unread bytes.
 */
export function refuse(request: IncomingMessage, response: ServerResponse, answer: RefusalAnswer): void {
  response.shouldKeepAlive = false;
  response.writeHead(answer.status, {
    ...answer.headers,
    "content-length": Buffer.byteLength(answer.body),
  });
  // The answer to HEAD has no body, and an empty write would send nothing.
  if (request.method === "HEAD" || answer.body.length === 0) response.flushHeaders();
  else response.write(answer.body);
  if (request.headers.expect !== undefined) response.end();
  else
    withinLinger(
      (done) => discard(request.once("close", done)),
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

/** Why the parser refuses what it reads; undefined when the connection itself failed. */
export function refusalOf(code: string | undefined, options: ListenerOptions): Refusal | undefined {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return { status: 431, text: `request headers above ${options.maxHeaderBytes} bytes` };
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return { status: 413, text: "chunk extensions are too long" };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { status: 408, text: `request headers took more than ${options.headersTimeoutMs} ms` };
    default:
      // Parser errors begin with HPE_; all others are the connection's own, such as ECONNRESET.
      return code?.startsWith("HPE_") === true
        ? { status: 400, text: "this is not well-formed HTTP/1.1" }
        : undefined;
  }
}

/** Where a request keeps why its body could not be read. */
const BROKEN = Symbol("broken");
type BrokenRequest = IncomingMessage & { [BROKEN]?: Refusal };

/** Answers a request whose body cannot be read, of which nothing was answered yet, and ends the connection. */
export function endBroken(request: BrokenRequest, refusal: Refusal, answer: RefusalAnswer): void {
  request[BROKEN] = refusal;
  end(request.socket, answer);
}

/** What was told in the middle of a request's body; undefined when nothing was. */
export function refusalOfBroken(request: BrokenRequest): Refusal | undefined {
  return request[BROKEN];
}

/** Answers without a request, as text on the socket, and ends the connection. */
export function end(socket: Socket, { status, headers, body }: RefusalAnswer): void {
  const all = { connection: "close", ...headers, "content-length": Buffer.byteLength(body) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n`);
  socket.end(body);
  socket.resume();
  linger(socket);
}
