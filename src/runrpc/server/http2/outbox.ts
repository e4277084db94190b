import type { Socket } from "node:net";
import { type BufferPool, POOLED_BYTES } from "./buffer-pool.ts";
import { DATA, END_STREAM, HEAD_BYTES, writeHead } from "./frames.ts";

/** Payloads above this are handed to the socket as they are; copying them would cost more than a piece of their own. */
const MAX_COPIED_BYTES = 8_192;

/** What is made in one turn leaves before its end when it has come to this. */
const FLUSH_BYTES = 65_536;

/** Up to this length a loop is faster than a call into V8. */
const LOOP_BYTES = 32;

/**
 * Collects the frames that one turn of the event loop makes, so that they leave in one write. A class: each connection
 * holds one, and every frame goes through it.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #pool: BufferPool;
  readonly #isEncrypted: boolean;
  #out: Buffer | undefined = undefined;
  /** The end of what was written into `#out`. */
  #at = 0;
  /** Where the part of `#out` begins that is not among the pieces. */
  #cut = 0;
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  /** Buffers that the pieces lie in. */
  #full: Buffer[] = [];
  #isFlushDue = false;
  /** The stream of the last frame, when that is DATA to which more may be added; 0: there is none. */
  #openId = 0;
  #openAt = 0;
  #openBytes = 0;
  /** DATA is among what waits. */
  #hasData = false;
  /** Called with each write that carries DATA. */
  onData: () => void = nothing;
  /** The connection is gone: what is made is dropped. */
  isClosed = false;

  constructor(socket: Socket, pool: BufferPool) {
    this.#socket = socket;
    this.#pool = pool;
    this.#isEncrypted = "encrypted" in socket;
  }

  /** The kernel does not take what it is given: more should wait for the socket's `drain`. */
  get isFull(): boolean {
    return this.#socket.writableLength >= this.#socket.writableHighWaterMark;
  }

  /** Gives a buffer with room for `mostBytes` from `at` on; `advance` says what was used of it. */
  room(mostBytes: number): Buffer {
    const held = this.#out;
    if (held !== undefined && held.length - this.#at >= mostBytes) return held;
    this.#cutPiece();
    if (held !== undefined) this.#full.push(held);
    const out = mostBytes > POOLED_BYTES ? Buffer.allocUnsafeSlow(mostBytes) : this.#pool.take();
    this.#out = out;
    this.#at = 0;
    this.#cut = 0;
    return out;
  }

  get at(): number {
    return this.#at;
  }

  advance(to: number): void {
    this.#at = to;
    this.#openId = 0;
    this.#due();
  }

  /** A frame whose payload is written from the place on that this gives, into the buffer that `room(0)` gives. */
  frame(type: number, flags: number, id: number, payloadBytes: number): number {
    const out = this.room(HEAD_BYTES + payloadBytes);
    const at = this.#at;
    writeHead(out, at, payloadBytes, type, flags, id);
    this.advance(at + HEAD_BYTES + payloadBytes);
    return at + HEAD_BYTES;
  }

  /** A DATA frame, or more of the last one. The bytes are not to be changed until they have left. */
  data(id: number, bytes: Uint8Array, isEnd: boolean, maxFrameBytes: number): void {
    const { length } = bytes;
    this.#hasData = true;
    if (length > MAX_COPIED_BYTES) this.#passOn(id, bytes, isEnd);
    else if (this.#openId === id && this.#openBytes + length <= maxFrameBytes && this.#fits(length))
      this.#addTo(bytes, isEnd);
    else {
      const at = this.frame(DATA, isEnd ? END_STREAM : 0, id, length);
      copy(this.room(0), at, bytes);
      if (!isEnd) this.#openId = id;
      this.#openAt = at - HEAD_BYTES;
      this.#openBytes = length;
    }
    if (this.#at - this.#cut + this.#pieceBytes >= FLUSH_BYTES) this.flush();
  }

  /** Writes all that waits. */
  flush(): void {
    this.#isFlushDue = false;
    const out = this.#out;
    if (out === undefined) return;
    const socket = this.#socket;
    this.#out = undefined;
    this.#openId = 0;
    if (this.isClosed) this.#drop();
    else if (this.#pieces.length === 0)
      // TLS takes bytes later than the call that writes them, and says when; cleartext mostly within it.
      socket.write(
        out.subarray(this.#cut, this.#at),
        this.#isEncrypted ? () => this.#pool.give(out) : undefined,
      );
    else this.#writePieces(out);
    this.#at = 0;
    this.#cut = 0;
    // The kernel has taken all: nobody reads from the buffer. Otherwise the socket has it, and then the garbage collector.
    if (!this.#isEncrypted && socket.writableLength === 0) this.#pool.give(out);
    if (!this.#hasData) return;
    this.#hasData = false;
    this.onData();
  }

  #writePieces(out: Buffer): void {
    const socket = this.#socket;
    if (this.#at > this.#cut) this.#pieces.push(out.subarray(this.#cut, this.#at));
    const pieces = this.#pieces;
    const full = this.#full;
    this.#drop();
    socket.cork();
    for (const piece of pieces) socket.write(piece);
    socket.uncork();
    if (!this.#isEncrypted && socket.writableLength === 0) for (const buffer of full) this.#pool.give(buffer);
  }

  #drop(): void {
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#full = [];
  }

  #due(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    process.nextTick(flush, this);
  }

  #fits(bytes: number): boolean {
    return this.#out !== undefined && this.#out.length - this.#at >= bytes;
  }

  #addTo(bytes: Uint8Array, isEnd: boolean): void {
    const out = this.room(0);
    copy(out, this.#at, bytes);
    this.#at += bytes.length;
    this.#openBytes += bytes.length;
    writeHead(out, this.#openAt, this.#openBytes, DATA, isEnd ? END_STREAM : 0, this.#openId);
    if (isEnd) this.#openId = 0;
  }

  #passOn(id: number, bytes: Uint8Array, isEnd: boolean): void {
    const out = this.room(HEAD_BYTES);
    writeHead(out, this.#at, bytes.length, DATA, isEnd ? END_STREAM : 0, id);
    this.advance(this.#at + HEAD_BYTES);
    this.#cutPiece();
    this.#pieces.push(bytes);
    this.#pieceBytes += bytes.length;
  }

  #cutPiece(): void {
    if (this.#out === undefined || this.#cut === this.#at) return;
    this.#pieces.push(this.#out.subarray(this.#cut, this.#at));
    this.#pieceBytes += this.#at - this.#cut;
    this.#cut = this.#at;
  }
}

function flush(outbox: Outbox): void {
  outbox.flush();
}

function copy(out: Buffer, at: number, bytes: Uint8Array): void {
  const { length } = bytes;
  if (length > LOOP_BYTES) out.set(bytes, at);
  else for (let index = 0; index < length; index++) out[at + index] = bytes[index] as number; // within the bytes
}

function nothing(): void {}
