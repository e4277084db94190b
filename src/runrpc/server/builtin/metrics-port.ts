import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Server as NetServer } from "node:net";
import { type PlainAnswer, textAnswer } from "../http/answers.ts";
import { type Bound, bind } from "../listener/bind.ts";
import { METRICS_PATH, metricsAnswer } from "./metrics-page.ts";

/** The port of its own that metrics are served on. */
export interface MetricsPort {
  /** Where it listens, such as `127.0.0.1:9464`. */
  readonly address: string;
  /** Stops accepting and destroys its connections. */
  close(): Promise<void>;
}

/** A scraper has one connection, and an operator's tools a few. */
const MAX_CONNECTIONS = 64;

/** How long a request may take to arrive, and a connection may idle after one, in milliseconds. */
const REQUEST_MS = 10_000;

/**
 * Serves metrics, in cleartext and without a key, on a port that nothing else is served on: who may reach it is for the
 * network to say. It goes on while the server drains.
 *
 * @param address host and port, such as `127.0.0.1:9464`; port 0 takes a free one
 * @throws Error whose message says what to change, when the port cannot be had
 */
export async function openMetricsPort(
  address: string,
  exposition: () => string | Promise<string>,
): Promise<MetricsPort> {
  const server = createServer(
    { headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS, keepAliveTimeout: 6 * REQUEST_MS },
    (request, response) => void answer(request, response, exposition),
  );
  server.maxConnections = MAX_CONNECTIONS;
  const { address: host, port } = await bindAddress(server, address);
  return {
    address: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
    close: () => closeServer(server),
  };
}

/**
 * Has a server listen on the address of metrics.
 *
 * @throws Error whose message says what to change
 */
export async function bindAddress(server: NetServer, address: string): Promise<Bound> {
  // As the configuration's schema lets it pass: brackets stand around an IPv6 address.
  const colon = address.lastIndexOf(":");
  try {
    return await bind(server, address.slice(0, colon), Number(address.slice(colon + 1)));
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`metrics.address ${address}: ${text}`, { cause: error });
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  exposition: () => string | Promise<string>,
): Promise<void> {
  const { status, headers, body } = await answerTo(request, exposition);
  response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
  response.end(request.method === "HEAD" ? "" : body);
}

async function answerTo(
  { method, url, headers }: IncomingMessage,
  exposition: () => string | Promise<string>,
): Promise<PlainAnswer> {
  if (url?.split("?", 1)[0] !== METRICS_PATH)
    return textAnswer(404, `${METRICS_PATH} is all that is served here`);
  if (method !== "GET" && method !== "HEAD")
    return textAnswer(405, `${METRICS_PATH} takes GET and HEAD`, { allow: "GET, HEAD" });
  try {
    return await metricsAnswer(exposition, headers);
  } catch {
    return textAnswer(500, "internal error");
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
