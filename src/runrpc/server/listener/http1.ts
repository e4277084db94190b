import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Ending } from "./ending.ts";
import { createGuard } from "./guard.ts";
import { continueOnRead, end, endBroken, refusalOf, refuse } from "./http1-answers.ts";
import { awaitRequest, type Connection, finish, openConnection, retire, track } from "./http1-connection.ts";
import type { ListenerOptions, RequestHandlers } from "./options.ts";
import { answerRefused } from "./refused.ts";

/** The HTTP/1.1 and 1.0 half of a listener. */
export interface Http1 {
  /** Serves a socket, whose first bytes may have been put back. Gives the ways to end it. */
  serve(socket: Socket): Ending;
  /** Stops the timer behind the headers timeout, once no socket is left. */
  close(): void;
}

/** The server never listens: sockets are handed to it. `refused` is called for each 400 or 431 answered here. */
export function createHttp1(options: ListenerOptions, handlers: RequestHandlers, refused: () => void): Http1 {
  const guard = createGuard(options.maxHeaderBytes, options.maxHeaderPairs);
  const connections = new Map<Socket, Connection>();
  const server = createHttpServer(options);

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    // After `Connection: close` a client may be heard, and is not answered (RFC 9112, 9.6).
    if (request.socket.writableEnded) return;
    const connection = connections.get(request.socket);
    if (connection !== undefined && !track(connection, response, options.maxConcurrentStreams)) return;
    const host = hostOf(request);
    const tooLarge = guard.headers(request.url, request.rawHeaders);
    const refusal = tooLarge ?? guard.target(host, pathOf(request));
    if (refusal !== undefined && (tooLarge !== undefined || !isServedAnyway(handlers, request))) {
      refused();
      refuse(request, response, answerRefused(handlers, refusal, request.headers));
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
  server.on("checkExpectation", (request: IncomingMessage, response: ServerResponse) => {
    refused();
    const refusal = { status: 417, text: "100-continue is the only expectation that is met" } as const;
    refuse(request, response, answerRefused(handlers, refusal, request.headers));
  });
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    socket.on("error", ignore); // the server took its own listener away
    const refusal = { status: 501, text: "CONNECT is not supported" } as const;
    end(socket, answerRefused(handlers, refusal, request.headers));
  });
  server.on("clientError", (error: Error & { code?: string }, socket: Socket) => {
    if (socket.writableEnded || socket.destroyed) return; // what comes in after our answer is read and dropped
    const connection = connections.get(socket);
    const [current, next] = connection?.open ?? [];
    const refusal = refusalOf(error.code, options);
    // An answer that is on its way, or owed to an earlier request: a second one would be read as part of it.
    const isOwed =
      current !== undefined && (current.headersSent || current.req.complete || next !== undefined);
    // Who ends in the middle of a body has left: most often a process that is gone.
    const hasLeft = current !== undefined && error.code === "HPE_INVALID_EOF_STATE";
    if (refusal === undefined || isOwed || hasLeft) {
      socket.destroy();
      return;
    }
    refused();
    const request = current?.req;
    const answer = answerRefused(handlers, refusal, request?.headers ?? {}, current);
    if (request === undefined) end(socket, answer);
    else endBroken(request, refusal, answer);
  });
  server.emit("listening"); // starts the timer behind headersTimeout, which a server that never listens lacks

  return {
    serve(socket) {
      const connection = openConnection();
      connections.set(socket, connection);
      socket.once("close", () => {
        connection.waiting?.clear();
        connections.delete(socket);
      });
      // Node calls this after an answer with `Connection: close`, and would destroy the socket over an upload that is
      // still coming: the TCP reset that follows can take the answer away from its client.
      socket.destroySoon = () => finish(socket);
      server.emit("connection", socket);
      socket.resume(); // sniffing left it paused
      return {
        retire: () => retire(connection),
        end() {
          retire(connection);
          connection.ending = true;
          if (connection.open.length === 0) connection.waiting ??= awaitRequest(connection, socket);
        },
        open: () => connection.open.map(({ req }) => req),
      };
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
    // As on HTTP/2, what is not too far above the limit is read, so that it can be answered in its protocol.
    maxHeaderSize: 2 * options.maxHeaderBytes,
    insecureHTTPParser: false,
    // As HTTP/2 has it, and as RFC 9110, 5.3 says: Node would keep the first `authorization` of two in silence.
    joinDuplicateHeaders: true,
    requireHostHeader: false, // the guard asks for it, with a sentence
  });
  // Node cuts the list off here in silence: the guard must see that there were too many, and the content type.
  server.maxHeadersCount = 4 * options.maxHeaderPairs;
  return server;
}

/** A target in absolute form, as clients send it to proxies, and may send to any server (RFC 9112, 3.2.2). */
const ABSOLUTE = /^https?:\/\/([^/?#]*)([^#]*)$/i;

/**
 * The host that a request is for: the Host header, or that of a target in absolute form, which counts more. Host and path
 * are put where everybody looks for them. Without a host HTTP/1.0 may come; it is given a name (RFC 9112, 3.3). None where
 * HTTP/1.1 names none, or two, which has to be answered with 400 (RFC 9112, 3.2): `headers` keeps the first of several, and
 * `headersDistinct` takes all headers apart to tell.
 */
function hostOf(request: IncomingMessage): string | undefined {
  const { headers, rawHeaders, url = "" } = request;
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === "host".length && name.toLowerCase() === "host") count++;
  }
  if (count === 0 && request.httpVersion === "1.0") headers.host = "localhost";
  else if (count !== 1) return undefined;
  if (url.charCodeAt(0) === SLASH) return headers.host;
  const [, host, rest = ""] = ABSOLUTE.exec(url) ?? [];
  if (host === undefined) return headers.host;
  headers.host = host;
  if (rest.startsWith("/")) request.url = rest;
  else request.url = rest === "" && request.method === "OPTIONS" ? "*" : `/${rest}`;
  return host;
}

/** What the guard has to judge: `OPTIONS *` asks of the server as a whole (RFC 9112, 3.2.4). */
function pathOf({ method, url }: IncomingMessage): string | undefined {
  return url === "*" && method === "OPTIONS" ? "/" : url;
}

function isServedAnyway(
  { answersAnyHost }: RequestHandlers,
  { method = "", url = "" }: IncomingMessage,
): boolean {
  return answersAnyHost?.(method, url) === true;
}

const SLASH = 0x2f;

function ignore(): void {}
