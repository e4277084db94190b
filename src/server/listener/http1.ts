import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { createGuard } from "./guard.ts";
import { answerTo, continueOnRead, end, refuse } from "./http1-answers.ts";
import { linger, withinLinger } from "./linger.ts";
import type { ListenerOptions, RequestHandlers } from "./options.ts";

/** The HTTP/1.1 and 1.0 half of a listener. */
export interface Http1 {
  /** Serves a socket, whose first bytes may have been put back. Gives the function that ends it in good order. */
  serve(socket: Socket): () => void;
  /** Stops the timer behind the headers timeout, once no socket is left. */
  close(): void;
}

/** What is known of an open HTTP/1 connection. */
interface Connection {
  /** Responses that have not ended: one, and more when requests are pipelined. */
  readonly open: ServerResponse[];
  draining: boolean;
}

/** How a response leads to its connection, so that all share one listener: no closure for each request. */
const CONNECTION = Symbol("connection");
type TrackedResponse = ServerResponse & { [CONNECTION]: Connection };

/** The server never listens: sockets are handed to it. `refused` is called for each 400 or 431 answered here. */
export function createHttp1(options: ListenerOptions, handlers: RequestHandlers, refused: () => void): Http1 {
  const guard = createGuard(options.maxHeaderBytes, options.maxHeaderPairs);
  const connections = new Map<Socket, Connection>();
  const server = createHttpServer(options);

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    // After `Connection: close` a client may be heard, and is not answered (RFC 9112, 9.6).
    if (request.socket.writableEnded) return;
    const connection = connections.get(request.socket);
    if (connection !== undefined) track(connection, response);
    const refusal = guard.headerPairs(request.rawHeaders) ?? guard.target(soleHost(request), request.url);
    if (refusal !== undefined) {
      refused();
      refuse(request, response, refusal);
      return;
    }
    // HTTP/1.0 clients are sent no 100, whatever they expect (RFC 9110, 10.1.1); other expectations never get here.
    if (request.headers.expect !== undefined && request.httpVersion === "1.1")
      continueOnRead(request, response);
    try {
      handlers.onRequest(request, response);
    } catch (error) {
      response.destroy();
      handlers.onError?.(error);
    }
  };
  server.on("request", onRequest);
  server.on("checkContinue", onRequest);
  server.on("connect", (_request: IncomingMessage, socket: Socket) => {
    socket.on("error", ignore); // the server took its own listener away
    end(socket, "501 Not Implemented", "CONNECT is not supported");
  });
  server.on("clientError", (error: Error & { code?: string }, socket: Socket) => {
    if (socket.writableEnded || socket.destroyed) return; // what comes in after our answer is read and dropped
    const connection = connections.get(socket);
    if (connection !== undefined && connection.open.length > 0) {
      socket.destroy(); // an answer is on its way: a second one would be read as part of it
      return;
    }
    const [status, text] = answerTo(error.code, options);
    if (status === undefined) socket.destroy();
    else {
      refused();
      end(socket, status, text);
    }
  });
  server.emit("listening"); // starts the timer behind headersTimeout, which a server that never listens lacks

  return {
    serve(socket) {
      const connection: Connection = { open: [], draining: false };
      connections.set(socket, connection);
      socket.once("close", () => connections.delete(socket));
      // Node calls this after an answer with `Connection: close`, and would destroy the socket over an upload that is
      // still coming: the TCP reset that follows can take the answer away from its client.
      socket.destroySoon = () => finish(socket);
      server.emit("connection", socket);
      socket.resume(); // sniffing left it paused
      return () => drain(connection, socket);
    },
    close() {
      server.close(ignore); // tells that it never listened; the timer is stopped all the same
    },
  };
}

function createHttpServer(options: ListenerOptions): Server {
  const server = createServer({
    headersTimeout: options.headersTimeoutMs,
    // No bound for the whole request: a long upload is legal, and the deadline of a call is kept by those who know it.
    requestTimeout: 0,
    // Node looks for late headers at this interval only; 30 s by default.
    connectionsCheckingInterval: Math.min(1_000, Math.max(10, Math.floor(options.headersTimeoutMs / 4))),
    keepAliveTimeout: options.idleTimeoutMs,
    // The time beyond the announced one in which a request that crossed our close is still taken.
    keepAliveTimeoutBuffer: Math.min(1_000, options.idleTimeoutMs),
    maxHeaderSize: options.maxHeaderBytes,
    insecureHTTPParser: false,
    requireHostHeader: false, // the guard asks for it, with a sentence
  });
  // Node cuts the list off here in silence: one more than allowed lets the guard see that there were too many.
  server.maxHeadersCount = options.maxHeaderPairs + 1;
  return server;
}

function track(connection: Connection, response: ServerResponse): void {
  connection.open.push(response);
  if (connection.draining) response.shouldKeepAlive = false;
  (response as TrackedResponse)[CONNECTION] = connection; // the property is ours
  response.on("close", onResponseClose);
}

function onResponseClose(this: TrackedResponse): void {
  const { open, draining } = this[CONNECTION];
  // Answers leave in the order of their requests.
  if (open[0] === this) open.shift();
  else open.splice(open.indexOf(this), 1);
  const { socket } = this.req;
  if (!this.req.complete && !socket.destroyed) drop(this.req);
  if (draining && open.length === 0) finish(socket);
}

/** Reads what is left of an answered request, and ends its connection when that takes too long. */
function drop(request: IncomingMessage): void {
  // Whoever read it has left it, maybe in the middle of waiting for more, and would keep it from flowing.
  request.removeAllListeners("readable").removeAllListeners("data").resume();
  withinLinger(
    (done) => request.once("close", done),
    () => {
      if (!request.complete) request.socket.destroy();
    },
  );
}

function drain(connection: Connection, socket: Socket): void {
  connection.draining = true;
  if (connection.open.length === 0) socket.destroy();
  // Has no effect on a response whose headers are out; its connection is ended after it.
  for (const response of connection.open) response.shouldKeepAlive = false;
}

function finish(socket: Socket): void {
  if (socket.destroyed) return;
  socket.end();
  linger(socket);
}

/**
 * The Host header; none where it is given twice, which RFC 9112, 3.2 wants answered with 400 as well. `headers` keeps
 * the first of several, and `headersDistinct` takes all headers apart to tell.
 */
function soleHost({ headers, rawHeaders }: IncomingMessage): string | undefined {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === "host".length && name.toLowerCase() === "host") count++;
  }
  return count === 1 ? headers.host : undefined;
}

function ignore(): void {}
