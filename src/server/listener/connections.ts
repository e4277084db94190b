import type { Socket } from "node:net";
import type { ListenerOptions } from "./options.ts";
import type { HttpVersion } from "./sniff.ts";

/** Who is connected. Node's own servers count only the sockets that they accepted themselves. */
export interface Connections {
  /** Takes an accepted socket in, or destroys it when a limit is reached. */
  readonly admit: (socket: Socket) => void;
  /** Starts `begin` on a socket and keeps what it gives, the function that ends the connection in good order. */
  serve(socket: Socket, version: HttpVersion | "undecided", begin: (socket: Socket) => () => void): void;
  stats(): { connections: number; http1: number; http2: number; refusedConnections: number };
  /** Ends all in good order, and those that come later at once. Resolves when none is left. */
  drain(): Promise<void>;
  destroy(): void;
}

type Limits = Pick<ListenerOptions, "maxConnections" | "maxConnectionsPerAddress">;

export function createConnections({ maxConnections, maxConnectionsPerAddress }: Limits): Connections {
  const accepted = new Set<Socket>();
  const perAddress = new Map<string, number>();
  const serving = new Map<
    Socket,
    { readonly version: HttpVersion | "undecided"; readonly end: () => void }
  >();
  let refusedConnections = 0;
  let draining = false;
  const empty = Promise.withResolvers<void>();

  const count = (address: string, change: 1 | -1): void => {
    const next = (perAddress.get(address) ?? 0) + change;
    if (next === 0) perAddress.delete(address);
    else perAddress.set(address, next);
  };
  const isFull = (address: string): boolean =>
    accepted.size >= maxConnections ||
    (maxConnectionsPerAddress > 0 && (perAddress.get(address) ?? 0) >= maxConnectionsPerAddress);

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
        if (draining && accepted.size === 0) empty.resolve();
      });
    },
    serve(socket, version, begin) {
      if (socket.destroyed) return;
      if (draining) {
        socket.destroy();
        return;
      }
      if (!serving.has(socket)) {
        socket.on("error", ignore);
        socket.once("close", () => serving.delete(socket));
      }
      serving.set(socket, { version, end: begin(socket) });
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
    drain() {
      draining = true;
      for (const { end } of serving.values()) end();
      if (accepted.size === 0) empty.resolve();
      return empty.promise;
    },
    destroy() {
      draining = true;
      for (const socket of serving.keys()) socket.destroy();
      for (const socket of accepted) socket.destroy();
    },
  };
}

function ignore(): void {}
