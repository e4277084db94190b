import type { Socket } from "node:net";
import { watchAge } from "./age.ts";
import { type Ending, FIRST_REQUEST_MS, type OpenRequest } from "./ending.ts";
import type { ListenerOptions } from "./options.ts";
import type { HttpVersion } from "./sniff.ts";

/** Who is connected. Node's own servers count only the sockets that they accepted themselves. */
export interface Connections {
  /** Takes an accepted socket in, or destroys it when a limit is reached. */
  readonly admit: (socket: Socket) => void;
  /** Notes that the first bytes of a socket are waited for, which decide what it speaks. */
  undecided(socket: Socket): void;
  /** Starts `begin` on a socket and keeps what it gives, the ways to end the connection. */
  serve(socket: Socket, version: HttpVersion, begin: (socket: Socket) => Ending): void;
  stats(): { connections: number; http1: number; http2: number; refusedConnections: number };
  /** Asks the clients of all connections, and of those that come later, to go elsewhere, and serves them. */
  retire(): void;
  /** Ends all in good order, and those that are served later. Resolves when none is left. */
  drain(): Promise<void>;
  destroy(): void;
}

type Limits = Pick<
  ListenerOptions,
  "maxConnections" | "maxConnectionsPerAddress" | "maxConnectionAgeMs" | "maxConnectionAgeGraceMs"
>;

/** How far a connection is on its way out. */
type Stage = "serving" | "retiring" | "ending";

interface Connection {
  version: HttpVersion | "undecided";
  ending: Ending;
  stage: Stage;
}

/** `cut` is called for each request that is still open when its connection's grace is over. */
export function createConnections(limits: Limits, cut: (request: OpenRequest) => void): Connections {
  const { maxConnections, maxConnectionsPerAddress } = limits;
  const accepted = new Set<Socket>();
  const perAddress = new Map<string, number>();
  const serving = new Map<Socket, Connection>();
  let refusedConnections = 0;
  let stage: Stage = "serving";
  const empty = Promise.withResolvers<void>();

  const count = (address: string, change: 1 | -1): void => {
    const next = (perAddress.get(address) ?? 0) + change;
    if (next === 0) perAddress.delete(address);
    else perAddress.set(address, next);
  };
  const isFull = (address: string): boolean =>
    accepted.size >= maxConnections ||
    // Who comes by a Unix socket has no address.
    (maxConnectionsPerAddress > 0 &&
      address !== "" &&
      (perAddress.get(address) ?? 0) >= maxConnectionsPerAddress);

  function connectionOf(socket: Socket): Connection {
    const known = serving.get(socket);
    if (known !== undefined) return known;
    const connection: Connection = { version: "undecided", ending: NONE, stage };
    socket.on("error", ignore);
    socket.once("close", () => serving.delete(socket));
    serving.set(socket, connection);
    watchAge(socket, limits, {
      end: () => advance(connection, "ending"),
      cut: () => {
        for (const request of connection.ending.open()) cut(request);
      },
    });
    return connection;
  }

  /** A connection in its TLS handshake, or without its first bytes, is nobody's yet, and would be waited for. */
  function giveUpUndecided(): void {
    const timer = setTimeout(() => {
      // Under TLS the socket that is served is another one than was accepted, with the same peer.
      const decided = new Set<string>();
      for (const [socket, { version }] of serving) if (version !== "undecided") decided.add(peerOf(socket));
      for (const socket of accepted) if (!decided.has(peerOf(socket))) socket.destroy();
    }, FIRST_REQUEST_MS);
    void empty.promise.then(() => clearTimeout(timer));
  }

  return {
    admit(socket) {
      socket.on("error", ignore); // for the whole life of the socket: no peer ends the process
      const address = socket.remoteAddress ?? ""; // none: the peer is gone already
      if (isFull(address)) {
        refusedConnections++;
        socket.destroy();
        return;
      }
      accepted.add(socket);
      count(address, 1);
      socket.once("close", () => {
        accepted.delete(socket);
        count(address, -1);
        if (stage === "ending" && accepted.size === 0) empty.resolve();
      });
    },
    undecided(socket) {
      if (!socket.destroyed) connectionOf(socket);
    },
    serve(socket, version, begin) {
      if (socket.destroyed) return;
      const connection = connectionOf(socket);
      connection.version = version;
      connection.ending = begin(socket);
      advance(connection, connection.stage);
    },
    stats() {
      let http1 = 0;
      let http2 = 0;
      for (const { version } of serving.values()) {
        if (version === "http1") http1++;
        else if (version === "http2") http2++;
      }
      return { connections: accepted.size, http1, http2, refusedConnections };
    },
    retire() {
      if (stage === "serving") stage = "retiring";
      for (const connection of serving.values()) {
        if (connection.stage === "serving") advance(connection, stage);
      }
    },
    drain() {
      if (stage !== "ending") giveUpUndecided();
      stage = "ending";
      for (const connection of serving.values()) advance(connection, stage);
      if (accepted.size === 0) empty.resolve();
      return empty.promise;
    },
    destroy() {
      stage = "ending";
      for (const socket of serving.keys()) socket.destroy();
      for (const socket of accepted) socket.destroy();
    },
  };
}

function advance(connection: Connection, stage: Stage): void {
  connection.stage = stage;
  if (stage === "retiring") connection.ending.retire();
  else if (stage === "ending") connection.ending.end();
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}

const NONE: Ending = { retire() {}, end() {}, open: () => [] };

function ignore(): void {}
