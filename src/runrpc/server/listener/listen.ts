import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { bind } from "./bind.ts";
import { type Certificates, followCertificates } from "./certificates.ts";
import { createConnections } from "./connections.ts";
import { receive, SOCKET } from "./handed.ts";
import { createHttp1 } from "./http1.ts";
import { createHttp2 } from "./http2.ts";
import type { ListenerOptions, ListenerStats, RequestHandlers, TlsOptions } from "./options.ts";
import { createOwnHttp2 } from "./own-http2.ts";
import { type HttpVersion, sniff } from "./sniff.ts";
import { serverTlsOptions } from "./tls.ts";

export type { OpenRequest } from "./ending.ts";
export type { Refusal } from "./guard.ts";
export type { HandedSockets } from "./handed.ts";
export type { ListenerOptions, ListenerStats, RequestHandlers, TlsOptions } from "./options.ts";

/** One open port. */
export interface Listener {
  /** The address as bound, without brackets; `unix:` and its path for a Unix socket. */
  readonly host: string;
  /** The port as bound; 0 for a Unix socket. */
  readonly port: number;
  /** Whether it speaks TLS, and nothing else. */
  readonly encrypted: boolean;
  stats(): ListenerStats;
  /** Serves everything, and asks HTTP/1.1 clients, with `Connection: close` on each answer, to go elsewhere. */
  retire(): void;
  /**
   * Stops accepting and ends each connection in good order, so that a request which crosses its end is answered. HTTP/2
   * gets GOAWAY(NO_ERROR) without a last stream, and with the last one taken when the peer has read the first (RFC 9113,
   * 6.8); open streams finish. An HTTP/1.1 connection ends with its next answer, one without a request a moment later,
   * and one that has just been opened is given the time for its first. Resolves when no connection is left, and waits
   * for that without a bound: see `destroy`.
   */
  drain(): Promise<void>;
  /** Reads the TLS files again, as it does when they change; `onNotice` is told what came of it. Nothing in cleartext. */
  reloadCertificates(): void;
  /** Stops accepting and destroys all connections. */
  destroy(): void;
}

/**
 * Opens one port for HTTP/1.1 and HTTP/2. In cleartext the first bytes of a connection decide between them, under TLS
 * its ALPN (and the first bytes again, where the client offers none).
 *
 * @throws Error whose message says what to change, when the port cannot be had or a TLS file cannot be used.
 */
export async function listen(options: ListenerOptions, handlers: RequestHandlers): Promise<Listener> {
  let refusedRequests = 0;
  let resetStreams = 0;
  let acceptErrors = 0;
  const onRefused = (): void => {
    refusedRequests++;
  };
  const http1 = createHttp1(options, handlers, onRefused);
  const create = options.http2 === "own" ? createOwnHttp2 : createHttp2;
  const http2 = create(options, handlers, onRefused, () => {
    resetStreams++;
  });
  const connections = createConnections(options, (request) => handlers.onCut?.(request));
  const serve = (socket: Socket, version: HttpVersion): void => {
    connections.serve(socket, version, version === "http2" ? http2.serve : http1.serve);
  };
  const sniffed = (socket: Socket): void => {
    connections.undecided(socket);
    sniff(socket, options.firstByteTimeoutMs, options.headersTimeoutMs, (version) => serve(socket, version));
  };
  const { server, certificates } =
    options.tls === undefined ? cleartext(sniffed) : encrypted(options, options.tls, sniffed, serve);
  server.prependListener("connection", connections.admit);

  const { handed } = options;
  const address =
    handed === undefined
      ? await bind(server, options.host, options.port).catch((error: unknown) => {
          http1.close();
          certificates?.close();
          throw error;
        })
      : receive(server, handed, options.tls === undefined);
  server.on("error", () => {
    acceptErrors++;
  });

  return {
    host: address.address,
    port: address.port,
    encrypted: options.tls !== undefined,
    stats: () => ({ ...connections.stats(), refusedRequests, resetStreams, acceptErrors }),
    retire: connections.retire,
    reloadCertificates: () => certificates?.reload(),
    async drain() {
      // What the kernel has accepted already is taken in first: closing would reset it.
      await new Promise(setImmediate);
      if (server.listening) server.close();
      handed?.stop();
      await connections.drain();
      handed?.close();
      http1.close();
      certificates?.close();
    },
    destroy() {
      if (server.listening) server.close();
      handed?.close();
      connections.destroy();
      http1.close();
      certificates?.close();
    },
  };
}

/** What accepts connections. */
interface Acceptor {
  readonly server: Server;
  readonly certificates?: Certificates;
}

function cleartext(sniffed: (socket: Socket) => void): Acceptor {
  // Half-open, because an HTTP/1.1 client may end its side before it reads the answer.
  const server = createServer({ ...SOCKET, allowHalfOpen: true }, (socket) => {
    if (!socket.destroyed) sniffed(socket);
  });
  return { server };
}

function encrypted(
  { firstByteTimeoutMs, handed, onNotice = () => {} }: ListenerOptions,
  tls: TlsOptions,
  sniffed: (socket: Socket) => void,
  serve: (socket: Socket, version: HttpVersion) => void,
): Acceptor {
  const loaded = serverTlsOptions(tls, firstByteTimeoutMs);
  const server = createTlsServer({ ...SOCKET, ...loaded, ...(handed && { ticketKeys: handed.ticketKeys }) });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  server.on("secureConnection", (socket) => {
    switch (socket.alpnProtocol) {
      case "h2":
        return serve(socket, "http2");
      case "http/1.1":
        return serve(socket, "http1");
      default:
        return sniffed(socket);
    }
  });
  return { server, certificates: followCertificates(server, tls, loaded, onNotice) };
}
