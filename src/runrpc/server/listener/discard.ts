import { IncomingMessage } from "node:http";

/**
 * What is read of a body that nobody wants, in bytes: many a client reads its answer only when all is sent, and a small
 * body is soon over. Of a larger one the rest stays in the kernel until the connection is destroyed.
 */
const MAX_DISCARDED_BYTES = 512 * 1024;

/** How many more bytes are read of a request that is being discarded. */
const LEFT = Symbol("left");
type Discarded = IncomingMessage & { [LEFT]?: number };

/** Reads the rest of a body and drops it, up to a bound. A second call changes nothing. */
export function discard(request: Discarded): void {
  if (request[LEFT] !== undefined) return;
  request[LEFT] = MAX_DISCARDED_BYTES;
  // Whoever read it has left it, maybe in the middle of waiting for more, and would keep it from flowing.
  request.removeAllListeners("readable").removeAllListeners("data").on("data", onDiscarded).resume();
}

function onDiscarded(this: Discarded, chunk: Buffer): void {
  const left = (this[LEFT] ?? 0) - chunk.length;
  this[LEFT] = left;
  if (left <= 0) this.pause();
}

/**
 * Has Node read no more than that either: it drops the body of a request that was answered before anybody read it, and
 * knows no bound. `_dump` is what it calls; no option says so.
 */
export function boundDump(request: IncomingMessage): void {
  (request as unknown as Dumped)._dump = dump; // the method is not among Node's types
}

interface Dumped {
  _dump(): void;
}

function dump(this: IncomingMessage): void {
  if (this.complete)
    (IncomingMessage.prototype as unknown as Dumped)._dump.call(this); // as above
  else discard(this);
}
