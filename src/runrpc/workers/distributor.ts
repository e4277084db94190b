import type { Socket } from "node:net";

/** Who takes sockets: a worker that serves. */
export interface Taker {
  /** Gives it a socket, which stays open here as well until it is known what became of it. */
  hand(socket: Socket): void;
}

/** Hands connections out to those who take them, in turns. */
export interface Distributor {
  /** Takes a connection of the port, of which nothing has been read. */
  readonly take: (socket: Socket) => void;
  /** From here on it is given its share. */
  add(taker: Taker): void;
  /** It has the socket that it was handed last. */
  taken(taker: Taker): void;
  /** It is handed no more. */
  retire(taker: Taker): void;
  /** It has not taken what it was handed last, and takes no more: its process has ended, or refuses. Another is handed that. */
  remove(taker: Taker): void;
  /** No more connections come: those that wait when nobody takes them any more are closed. */
  close(): void;
}

/** Sockets that wait for somebody to take them; past it they are closed. */
const MAX_WAITING = 4_096;

/**
 * Makes a distributor. Each taker is handed the next socket when it has the last: one whose event loop is held gets no more meanwhile. A
 * socket is let go of here when it is taken, so that none is lost with a process that dies. (node:cluster loses it: the client of a
 * connection that was on its way to such a worker waits for ever.)
 */
export function createDistributor(): Distributor {
  const waiting: Socket[] = [];
  /** What is on its way to each. */
  const onItsWay = new Map<Taker, Socket | undefined>();
  /** In the order of their turns. */
  const free = new Set<Taker>();
  const retired = new Set<Taker>();
  let isClosed = false;

  function serve(): void {
    for (const taker of free) {
      const socket = waiting.shift();
      if (socket === undefined) return;
      free.delete(taker);
      onItsWay.set(taker, socket);
      taker.hand(socket);
    }
    if (isClosed && onItsWay.size === 0) for (const socket of waiting.splice(0)) socket.destroy();
  }

  function forget(taker: Taker): void {
    onItsWay.delete(taker);
    free.delete(taker);
    retired.delete(taker);
    serve();
  }

  return {
    take(socket) {
      socket.on("error", ignore);
      if (waiting.length < MAX_WAITING) waiting.push(socket);
      else socket.destroy();
      serve();
    },
    add(taker) {
      onItsWay.set(taker, undefined);
      free.add(taker);
      serve();
    },
    taken(taker) {
      if (!onItsWay.has(taker)) return;
      // Its process has the connection: this closes no more than our end of it.
      onItsWay.get(taker)?.destroy();
      if (retired.has(taker)) return forget(taker);
      onItsWay.set(taker, undefined);
      free.add(taker);
      serve();
    },
    retire(taker) {
      if (onItsWay.get(taker) === undefined) forget(taker);
      else retired.add(taker);
    },
    remove(taker) {
      const socket = onItsWay.get(taker);
      if (socket !== undefined) waiting.unshift(socket);
      forget(taker);
    },
    close() {
      isClosed = true;
      serve();
    },
  };
}

function ignore(): void {}
