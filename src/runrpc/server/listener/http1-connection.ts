import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type PatientTimeout, setPatientTimeout } from "../patient-timeout.ts";
import { boundDump, discard } from "./discard.ts";
import { FIRST_REQUEST_MS, NEXT_REQUEST_MS } from "./ending.ts";
import { linger, withinLinger } from "./linger.ts";

/** What is known of an open HTTP/1 connection. */
export interface Connection {
  /** Responses that have not ended: one, and more when requests are pipelined. */
  readonly open: ServerResponse[];
  /** So many requests came at once that the connection ends with the answer to the last of them. */
  isFull: boolean;
  /** Nothing is read of it any more. */
  isDeaf: boolean;
  /** The next answer is its last. */
  retiring: boolean;
  /** It ends without a next request, too, when none comes in time. */
  ending: boolean;
  /** Runs while the connection waits for its last request. */
  waiting: PatientTimeout | undefined;
  /** Whether a request has come. */
  used: boolean;
}

/** How a response leads to its connection, so that all share one listener: no closure for each request. */
const CONNECTION = Symbol("connection");
type TrackedResponse = ServerResponse & { [CONNECTION]: Connection };

/** A connection on which nothing has come yet. */
export function openConnection(): Connection {
  return {
    open: [],
    isFull: false,
    isDeaf: false,
    retiring: false,
    ending: false,
    waiting: undefined,
    used: false,
  };
}

/**
 * False: the request came behind one whose answer says `Connection: close`. It is not looked at, so that its client may
 * send it once more to another server (RFC 9112, 9.6). `most` requests may be pipelined: libuv reads up to 2 MB of a
 * connection in one turn of the event loop, 70,000 small requests that would all be served before anybody else is heard.
 */
export function track(connection: Connection, response: ServerResponse, most: number): boolean {
  if (connection.isFull) {
    if (!connection.isDeaf) stopReading(response.req.socket);
    connection.isDeaf = true;
    return false;
  }
  const before = connection.open.at(-1);
  if (before?.headersSent && !before.shouldKeepAlive) return false;
  connection.open.push(response);
  connection.used = true;
  if (connection.retiring) {
    // Requests may be pipelined, and each is answered: the last one says that it is the last.
    if (before !== undefined) before.shouldKeepAlive = true;
    response.shouldKeepAlive = false;
  }
  if (connection.open.length >= most) {
    connection.isFull = true;
    response.shouldKeepAlive = false;
  }
  (response as TrackedResponse)[CONNECTION] = connection; // the property is ours
  boundDump(response.req);
  response.on("close", onResponseClose);
  return true;
}

/**
 * For good: the requests before have come whole, and each one that Node takes apart costs 10 µs. Node reads on for the sake
 * of bodies, and at the event `resume`, which may be due from the time when the connection was sniffed at.
 */
function stopReading(socket: Socket): void {
  socket.pause();
  socket.resume = () => socket;
  socket.on("resume", () => socket.emit("pause"));
}

function onResponseClose(this: TrackedResponse): void {
  const connection = this[CONNECTION];
  const { open, retiring, ending } = connection;
  // Answers leave in the order of their requests.
  if (open[0] === this) open.shift();
  else open.splice(open.indexOf(this), 1);
  const { socket } = this.req;
  if (!this.req.complete && !socket.destroyed) drop(this.req);
  if (!retiring || open.length > 0) return;
  if (!this.shouldKeepAlive) finish(socket);
  // Its client was told that the connection stays: the next request may be on its way.
  else if (ending) connection.waiting ??= awaitRequest(connection, socket);
}

/** Ends the connection of an answered request when what is left of it takes too long. */
function drop(request: IncomingMessage): void {
  discard(request);
  withinLinger(
    (done) => request.once("close", done),
    () => {
      if (!request.complete) request.socket.destroy();
    },
  );
}

/** The answer to the request that came last is to be the last one. */
export function retire(connection: Connection): void {
  connection.retiring = true;
  const last = connection.open.at(-1);
  // One whose headers are out has said that the connection stays: what its client sends then is served.
  if (last !== undefined && !last.headersSent) last.shouldKeepAlive = false;
}

/** Ends a connection without a request when none comes in time; one that is coming is waited for. */
export function awaitRequest(connection: Connection, socket: Socket): PatientTimeout {
  const { bytesRead } = socket;
  return setPatientTimeout(
    () => {
      if (connection.open.length > 0) return; // it ends with its answer
      if (socket.bytesRead === bytesRead) finish(socket);
      else connection.waiting = awaitRequest(connection, socket); // for as long as its headers may take
    },
    connection.used ? NEXT_REQUEST_MS : FIRST_REQUEST_MS,
  );
}

/** Ends a connection whose peer may still be sending. */
export function finish(socket: Socket): void {
  if (socket.destroyed) return;
  socket.end();
  linger(socket);
}
