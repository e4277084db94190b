import type { IncomingHttpHeaders } from "node:http";
import type { Http2Session } from "node:http2";
import type { Socket } from "node:net";
import type { PeerCertificate } from "node:tls";
import { clientBehind, plainAddress } from "./forwarded.ts";
import { createTrustedProxies, UNIX_PEER } from "./trusted-proxies.ts";

/** What the server knows of a connection. Made once for each: asking a socket costs more than a call's share. */
export interface Origin {
  /** The address at the other end, without its port; `unix` for a Unix socket, empty when the peer is gone already. */
  readonly address: string;
  /** Its forwarding headers are believed. */
  readonly isProxy: boolean;
  /** Undefined when the peer is gone already. */
  readonly socket: Socket | undefined;
  /** Its verified certificate: null where it has none, undefined until somebody asked. */
  certificate: PeerCertificate | null | undefined;
  /** The headers that were read last and what they said: a proxy that keeps a connection for a client repeats them. */
  lastChain: string;
  lastClient: string;
}

/** Tells where a request comes from. */
export interface Origins {
  ofSocket(socket: Socket): Origin;
  ofSession(session: Http2Session | undefined): Origin;
  /** The client's address: that of the connection, or of whom a trusted proxy speaks for. */
  clientOf(origin: Origin, headers: IncomingHttpHeaders): string;
}

/** Where a connection keeps its origin. A session has one of its own: it goes to its socket through a proxy object. */
const ORIGIN = Symbol("origin");

/** @throws Error that names an entry of `trustedProxies` which cannot be read. */
export function createOrigins(settings: {
  readonly host: string;
  readonly trustedProxies: readonly string[];
}): Origins {
  const isTrusted = createTrustedProxies(settings.trustedProxies);
  const isUnix = settings.host.startsWith("unix:");

  function originOf(socket: Socket | undefined): Origin {
    const remoteAddress = socket?.remoteAddress;
    // A Unix socket has no address, nor has a TCP socket whose peer is gone.
    const address = remoteAddress === undefined ? (isUnix ? UNIX_PEER : "") : plainAddress(remoteAddress);
    const isProxy = address !== "" && isTrusted(address);
    return { address, isProxy, socket, certificate: undefined, lastChain: "", lastClient: "" };
  }

  return {
    ofSocket(socket: Socket & { [ORIGIN]?: Origin }) {
      socket[ORIGIN] ??= originOf(socket);
      return socket[ORIGIN];
    },
    ofSession(session: (Http2Session & { [ORIGIN]?: Origin }) | undefined) {
      if (session === undefined) return originOf(undefined);
      session[ORIGIN] ??= originOf(session.socket);
      return session[ORIGIN];
    },
    clientOf(origin, headers) {
      if (!origin.isProxy) return origin.address;
      const chain = `${headers["x-forwarded-for"] ?? ""}\n${headers.forwarded ?? ""}`;
      if (chain !== origin.lastChain) {
        origin.lastChain = chain;
        origin.lastClient = clientBehind(origin.address, headers, isTrusted);
      }
      return origin.lastClient;
    },
  };
}
