import type { HandedSockets } from "./listener/handed.ts";

/** What a server is told that is one of several processes on one port. */
export interface ServerPart {
  /** The connections that the process with the port hands out. */
  readonly sockets: HandedSockets;
  /** How many processes there are. A limit that a key has of its own is shared by them, a part of open calls rounded up. */
  readonly processes: number;
}
