import { createServer, type Socket } from "node:net";
import { type Bound, bind } from "../server/listener/bind.ts";

/** A port that is open. */
export interface Port {
  readonly bound: Bound;
  /** Accepts no more, once what the kernel has accepted by now has been taken; then resolves. */
  close(): Promise<void>;
}

/**
 * Opens a port, and has each connection given to `take`, with nothing read of it.
 *
 * @throws Error whose message says what to change
 */
export async function openPort(host: string, port: number, take: (socket: Socket) => void): Promise<Port> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, take);
  const bound = await bind(server, host, port);
  server.on("error", () => {}); // a connection was lost before it was accepted
  let closed: Promise<void> | undefined;
  async function close(): Promise<void> {
    // Closing would reset what the kernel has accepted.
    await new Promise(setImmediate);
    server.close();
  }
  return { bound, close: () => (closed ??= close()) };
}
