import type { Socket } from "node:net";
import { NO_ERROR } from "./errors.ts";
import type { RequestHead, RequestHeaders } from "./hpack/request-head.ts";
import { keptSlice } from "./kept-slice.ts";
import { ReceiveQueue } from "./receive-queue.ts";

/** Headers by name, in lower case; a list sends its name once for each value. */
export type OutgoingHeaders = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** What hears of a stream. */
export interface StreamHandler {
  /** The chunk is the handler's own. */
  data(chunk: Buffer): void;
  /** The request is over. Its trailers are read and dropped. */
  ended(): void;
  /** After a `write` that gave false: there is room again. */
  drained(): void;
  /** All of the response has left for the socket. */
  finished(): void;
  /** Both sides have ended (NO_ERROR), one has reset the stream, or the connection is gone. Called once, and last. */
  closed(code: number): void;
}

/** What a stream asks of its connection. */
export interface StreamOwner {
  readonly socket: Socket;
  respond(stream: Stream, status: number, headers: OutgoingHeaders, isEnd: boolean): void;
  send(stream: Stream, bytes: Uint8Array, isLast: boolean, trailers: OutgoingHeaders | undefined): boolean;
  reset(stream: Stream, code: number): void;
  /** The handler has taken bytes: the peer may send as many more. */
  took(stream: Stream, bytes: number): void;
  /** The handler threw. */
  threw(stream: Stream, error: unknown): void;
}

/** Responses that have no body whatever their headers say (RFC 9110, 6.4.1). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 304]);

/**
 * A request and its response. It reads nothing until `start` or `resume` is called: before that, and after `pause`, what
 * comes is kept, within the stream's window. A class: one plain object with one hidden shape is all that a call costs.
 */
export class Stream {
  readonly owner: StreamOwner;
  readonly id: number;
  readonly head: RequestHead;
  handler: StreamHandler | undefined = undefined;
  /** The request is over; its last bytes may still wait for a reader. */
  remoteEnded = false;
  /** The response is over, or nothing of it is left to write. */
  localEnded = false;
  isClosed = false;
  /** @internal What the peer lets us send. SETTINGS can make it less than nothing. */
  sendWindow: number;
  /** @internal What we let the peer send. */
  receiveWindow: number;
  /** @internal Taken, and not yet given back to the peer's window. */
  takenBytes = 0;
  /** @internal What is left of the announced content-length; -1 where none was. */
  bodyLeft: number;
  /** Bytes of the body that have left for the socket. */
  sentBytes = 0;
  /** @internal What waits for the windows, or for the socket. */
  queue: Uint8Array[] | undefined = undefined;
  /** Bytes of the body that wait for the peer to make room. */
  queuedBytes = 0;
  /** @internal After the queue, the response is over. */
  isEnding = false;
  /** @internal What ends it. */
  trailers: OutgoingHeaders | undefined = undefined;
  /** @internal The most bytes that they take as a header block. */
  trailersBytes = 0;
  /** A `write` gave false, and `drained` has not been told. */
  isThirsty = false;
  #isPaused = true;
  #isEndTold = false;
  #hasResponded = false;
  /** There is to be no body: the answer to HEAD, or one of `WITHOUT_BODY`. */
  #isBodyless = false;
  /** What has come and was not read. Mostly it is one slice, all of a small request. */
  #waiting: Buffer | ReceiveQueue | undefined = undefined;
  /** Runs when the response was over before its request. */
  #grace: NodeJS.Timeout | undefined = undefined;

  constructor(owner: StreamOwner, id: number, head: RequestHead, sendWindow: number, receiveWindow: number) {
    this.owner = owner;
    this.id = id;
    this.head = head;
    this.bodyLeft = head.contentLength;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }

  get headers(): RequestHeaders {
    return this.head.headers;
  }

  /** Reads, from the next turn on: nobody is called before this returns. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#waiting !== undefined || this.remoteEnded) process.nextTick(readOn, this);
  }

  /** Begins to read: the handler is told of what is there before this returns. */
  start(): void {
    this.#isPaused = false;
    this.readOn();
  }

  pause(): void {
    this.#isPaused = true;
  }

  /**
   * Sends the status and the headers, which end the response where it has no body.
   *
   * @throws TypeError for a name or value that HTTP does not allow, and a status that is none. Nothing was sent then.
   */
  respond(status: number, headers: OutgoingHeaders, isEnd = false): void {
    if (this.isClosed || this.#hasResponded) return;
    const isInterim = status < 200;
    const isOver = !isInterim && (isEnd || this.head.isHead || WITHOUT_BODY.has(status));
    this.owner.respond(this, status, headers, isOver);
    this.#hasResponded = !isInterim;
    this.#isBodyless = isOver;
  }

  /** Sends bytes of the body, which must not be changed afterwards. False: `drained` tells when there is room. */
  write(bytes: Uint8Array): boolean {
    if (this.#isBodyless) return true;
    if (this.isClosed || this.isEnding || bytes.length === 0) return !this.isThirsty;
    return this.owner.send(this, bytes, false, undefined);
  }

  /**
   * Ends the response, with the last of its body and with trailers.
   *
   * @throws TypeError as `respond`. Nothing was sent then.
   */
  end(bytes?: Uint8Array, trailers?: OutgoingHeaders): void {
    if (this.isClosed || this.isEnding || this.#isBodyless) return;
    this.owner.send(this, bytes ?? NOTHING, true, trailers);
  }

  /** Ends both ways at once. The peer is told the code. A response that has left stops its request by itself. */
  reset(code: number): void {
    if (!this.isClosed) this.owner.reset(this, code);
  }

  /** @internal Bytes of the body have come. */
  receive(read: Buffer, start: number, end: number): void {
    if (this.#grace !== undefined) {
      this.owner.took(this, end - start);
      return;
    }
    if (this.#isPaused || this.#waiting !== undefined) {
      this.#keep(read, start, end);
      return;
    }
    // What ends the request is taken apart at once; anything else may be kept, and would keep the whole read.
    this.#tell(this.remoteEnded ? read.subarray(start, end) : keptSlice(read, start, end));
  }

  /** @internal The request is over, and `remoteEnded` says so. */
  receiveEnd(): void {
    if (this.#isPaused || this.#waiting !== undefined || this.#isEndTold || this.isClosed) return;
    this.#isEndTold = true;
    try {
      this.handler?.ended();
    } catch (error) {
      this.owner.threw(this, error);
    }
  }

  /** @internal */
  readOn(): void {
    while (!this.#isPaused) {
      const chunk = this.#shift();
      if (chunk === undefined) break;
      this.#tell(chunk);
    }
    if (this.remoteEnded) this.receiveEnd();
  }

  /**
   * @internal The response has left before its request is over: the rest of that is dropped, and after a grace its peer
   * is told to stop (RFC 9113, 8.1). At once would be too soon: curl 7 loses an answer whose stream is reset before it
   * has sent its own last byte.
   */
  stopUpload(graceMs: number): void {
    this.#grace = setTimeout(stop, graceMs, this);
    for (let chunk = this.#shift(); chunk !== undefined; chunk = this.#shift())
      this.owner.took(this, chunk.length);
  }

  /** @internal */
  tellDrained(): void {
    this.isThirsty = false;
    try {
      this.handler?.drained();
    } catch (error) {
      this.owner.threw(this, error);
    }
  }

  /** @internal */
  tellFinished(): void {
    this.localEnded = true;
    try {
      this.handler?.finished();
    } catch (error) {
      this.owner.threw(this, error);
    }
  }

  /** @internal The connection has closed the stream. */
  close(code: number): void {
    this.isClosed = true;
    clearTimeout(this.#grace);
    this.queue = undefined;
    this.queuedBytes = 0;
    this.#waiting = undefined;
    const { handler } = this;
    this.handler = undefined;
    try {
      handler?.closed(code);
    } catch (error) {
      this.owner.threw(this, error);
    }
  }

  #keep(read: Buffer, start: number, end: number): void {
    const waiting = this.#waiting;
    if (waiting === undefined) {
      this.#waiting = keptSlice(read, start, end);
      return;
    }
    const queue = waiting instanceof ReceiveQueue ? waiting : new ReceiveQueue(waiting);
    queue.push(read, start, end);
    this.#waiting = queue;
  }

  /** The oldest of what waits. */
  #shift(): Buffer | undefined {
    const waiting = this.#waiting;
    const chunk = waiting instanceof ReceiveQueue ? waiting.shift() : waiting;
    if (chunk === undefined || chunk === waiting) this.#waiting = undefined;
    return chunk;
  }

  #tell(chunk: Buffer): void {
    try {
      this.handler?.data(chunk);
    } catch (error) {
      this.owner.threw(this, error);
    }
    this.owner.took(this, chunk.length);
  }
}

function stop(stream: Stream): void {
  stream.reset(NO_ERROR);
}

function readOn(stream: Stream): void {
  stream.readOn();
}

const NOTHING = new Uint8Array();
