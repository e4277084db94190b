import { DEFAULT_WINDOW_BYTES, MAX_FRAME_BYTES, MAX_UINT31 } from "./frames.ts";
import { type HeaderWriter, measureHeaders } from "./header-writer.ts";
import type { Outbox } from "./outbox.ts";
import type { OutgoingHeaders, Stream } from "./stream.ts";

/**
 * After so many bytes the event loop goes round before more is sent: a handler that always has more, and a peer that
 * always takes it, would hold all other connections up.
 */
const REST_BYTES = 131_072;

/**
 * Sends DATA as far as the peer's windows let it out and the socket takes it (RFC 9113, 5.2). Streams that have more
 * take turns of one frame each. A class: each connection holds one, and every response goes through it.
 */
export class Sender {
  readonly #outbox: Outbox;
  readonly #headers: HeaderWriter;
  /** The response has left: its stream may be closed. */
  readonly #onEnd: (stream: Stream) => void;
  /** What the peer lets us send on all streams together. */
  #windowBytes = DEFAULT_WINDOW_BYTES;
  /** Streams that have something to send and a window for it, in the order of their turns. */
  readonly #turns = new Set<Stream>();
  /** Streams whose bytes have all left, and that wait for the socket to take more. */
  readonly #thirsty = new Set<Stream>();
  #sentBytes = 0;
  #isResting = false;
  /** Of new streams: the peer's SETTINGS_INITIAL_WINDOW_SIZE. */
  initialWindowBytes = DEFAULT_WINDOW_BYTES;

  constructor(outbox: Outbox, headers: HeaderWriter, onEnd: (stream: Stream) => void) {
    this.#outbox = outbox;
    this.#headers = headers;
    this.#onEnd = onEnd;
  }

  /** @throws TypeError for trailers that HTTP does not allow; nothing was sent then. */
  send(stream: Stream, bytes: Uint8Array, isLast: boolean, trailers: OutgoingHeaders | undefined): boolean {
    if (isLast) {
      if (trailers !== undefined) stream.trailersBytes = measureHeaders(trailers, true);
      stream.isEnding = true;
      stream.trailers = trailers;
    }
    const { length } = bytes;
    // Almost always: nothing waits, and the windows are wide enough.
    if (stream.queuedBytes === 0 && (length === 0 || this.#mayLeave(stream, length))) {
      if (length > 0) this.#data(stream, bytes, isLast && trailers === undefined);
      if (isLast) this.#end(stream, length > 0);
    } else this.#enqueue(stream, bytes);
    if (isLast) return true;
    if (stream.queuedBytes === 0 && this.#hasRoom) return true;
    stream.isThirsty = true;
    if (stream.queuedBytes === 0) this.#thirsty.add(stream);
    return false;
  }

  /** The peer lets us send more on all streams. False: more than a window can be. */
  growWindow(bytes: number): boolean {
    this.#windowBytes += bytes;
    if (this.#windowBytes > MAX_UINT31) return false;
    this.takeTurns();
    return true;
  }

  /** The peer lets us send more on one stream. False: more than a window can be. */
  growStreamWindow(stream: Stream, bytes: number): boolean {
    if (!this.#changeWindow(stream, bytes)) return false;
    this.takeTurns();
    return true;
  }

  /**
   * The peer's SETTINGS_INITIAL_WINDOW_SIZE, which changes the windows of open streams as well (RFC 9113, 6.9.2), to less
   * than nothing if need be. Nothing is sent before `takeTurns`. False: more than a window can be.
   */
  setInitialWindow(bytes: number, streams: Iterable<Stream>): boolean {
    if (bytes > MAX_UINT31) return false;
    const change = bytes - this.initialWindowBytes;
    this.initialWindowBytes = bytes;
    for (const stream of streams) if (!this.#changeWindow(stream, change)) return false;
    return true;
  }

  /** Goes round for as long as something can be sent: who has had a turn and has more is put behind the others. */
  takeTurns(): void {
    for (const stream of this.#turns) {
      if (this.#windowBytes <= 0 || !this.#hasRoom) return;
      this.#turns.delete(stream);
      this.#turn(stream);
      if (stream.queuedBytes > 0 && stream.sendWindow > 0) this.#turns.add(stream);
    }
  }

  /** The socket takes more. */
  drained(): void {
    this.takeTurns();
    // A copy: who is told may write, and be thirsty again.
    for (const stream of [...this.#thirsty]) {
      if (!this.#hasRoom) return;
      this.#thirsty.delete(stream);
      stream.tellDrained();
    }
  }

  /** The event loop has gone round. */
  rested(): void {
    this.#isResting = false;
    this.#sentBytes = 0;
    this.drained();
  }

  /** The stream is closed. */
  forget(stream: Stream): void {
    this.#turns.delete(stream);
    if (stream.isThirsty) this.#thirsty.delete(stream);
  }

  #changeWindow(stream: Stream, bytes: number): boolean {
    stream.sendWindow += bytes;
    if (stream.queuedBytes > 0 && stream.sendWindow > 0) this.#turns.add(stream);
    return stream.sendWindow <= MAX_UINT31;
  }

  get #hasRoom(): boolean {
    return !this.#isResting && !this.#outbox.isFull;
  }

  #mayLeave(stream: Stream, bytes: number): boolean {
    return (
      bytes <= stream.sendWindow &&
      bytes <= this.#windowBytes &&
      bytes <= MAX_FRAME_BYTES &&
      !this.#outbox.isFull
    );
  }

  #data(stream: Stream, bytes: Uint8Array, isEnd: boolean): void {
    stream.sendWindow -= bytes.length;
    stream.sentBytes += bytes.length;
    this.#windowBytes -= bytes.length;
    this.#sentBytes += bytes.length;
    if (this.#sentBytes >= REST_BYTES && !this.#isResting) {
      this.#isResting = true;
      setImmediate(rested, this);
    }
    // We never send frames above the default, whatever the peer allows: other streams have their turns sooner.
    this.#outbox.data(stream.id, bytes, isEnd, MAX_FRAME_BYTES);
  }

  /** @param isTold the last DATA frame has ended the stream, where there are no trailers. */
  #end(stream: Stream, isTold: boolean): void {
    const { trailers } = stream;
    if (trailers !== undefined) this.#headers.write(stream.id, 0, trailers, stream.trailersBytes, true);
    else if (!isTold) this.#outbox.data(stream.id, NOTHING, true, MAX_FRAME_BYTES);
    this.#onEnd(stream);
  }

  #enqueue(stream: Stream, bytes: Uint8Array): void {
    if (bytes.length > 0) {
      stream.queue ??= [];
      stream.queue.push(bytes);
      stream.queuedBytes += bytes.length;
    }
    if (stream.sendWindow <= 0) return;
    this.#turns.add(stream);
    this.takeTurns();
  }

  /** Sends one frame of a stream that has bytes, unless SETTINGS have taken its window away. */
  #turn(stream: Stream): void {
    const { queue } = stream;
    const next = queue?.[0];
    if (queue === undefined || next === undefined || stream.sendWindow <= 0) return;
    const length = Math.min(next.length, MAX_FRAME_BYTES, stream.sendWindow, this.#windowBytes);
    stream.queuedBytes -= length;
    if (length === next.length) queue.shift();
    else queue[0] = next.subarray(length);
    const isLast = stream.isEnding && stream.queuedBytes === 0;
    this.#data(stream, next.subarray(0, length), isLast && stream.trailers === undefined);
    if (isLast) this.#end(stream, true);
    else if (stream.queuedBytes === 0 && stream.isThirsty) {
      this.#thirsty.add(stream);
      process.nextTick(drained, this); // not from here: who is told may write
    }
  }
}

function drained(sender: Sender): void {
  sender.drained();
}

function rested(sender: Sender): void {
  sender.rested();
}

const NOTHING = new Uint8Array();
