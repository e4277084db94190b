import type { Server, Socket } from "node:net";
import type { Bound } from "./bind.ts";

/** Connections that another process accepts and hands out, in place of a port of the listener's own. */
export interface HandedSockets {
  /** Where that process listens, as `Listener.host` and `port` tell it. */
  readonly bound: Bound;
  /** 48 bytes that all processes have in common: a client resumes its TLS session with whichever it meets. */
  readonly ticketKeys: Buffer;
  /** Has each socket given to `take` from here on. Nothing has been read of it. */
  start(take: (socket: Socket) => void): void;
  /** No more are wanted; those that are on their way are still given. */
  stop(): void;
  /** None is taken any more. */
  close(): void;
}

/** A peer that is gone is noticed by the kernel, on an HTTP/1.1 stream without traffic too. */
export const SOCKET = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 } as const;

/** Has `server` take sockets as if it had accepted them. */
export function receive(server: Server, handed: HandedSockets, allowHalfOpen: boolean): Bound {
  handed.start((socket) => {
    socket.allowHalfOpen = allowHalfOpen;
    socket.setNoDelay(SOCKET.noDelay);
    socket.setKeepAlive(SOCKET.keepAlive, SOCKET.keepAliveInitialDelay);
    server.emit("connection", socket);
  });
  return handed.bound;
}
