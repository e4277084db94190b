import { ConnectionError, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from "./errors.ts";
import { DATA, HEAD_BYTES, MAX_FRAME_BYTES, PADDED, readUint31 } from "./frames.ts";

/** What takes the frames of a connection. Each may throw a ConnectionError. */
export interface FrameSink {
  /** A whole frame, whose payload lies in `bytes` from `at` on. */
  frame(type: number, flags: number, id: number, bytes: Buffer, at: number, size: number): void;
  /** DATA without padding whose payload is not all there: it comes in parts. */
  dataBegins(flags: number, id: number, size: number): void;
  dataPart(bytes: Buffer, start: number, end: number, isLast: boolean): void;
  /** Nothing more is wanted. */
  readonly isOver: boolean;
}

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/**
 * Takes what a socket reads apart into frames (RFC 9113, 4.1), however they lie in the reads. A frame that lies within
 * one read is not copied. A class: each connection holds one.
 */
export class FrameReader {
  readonly #sink: FrameSink;
  #prefaceLeft = PREFACE.length;
  /** A frame that is not all there, or its head alone. */
  #partial: Buffer | undefined = undefined;
  #partialBytes = 0;
  /** Of a DATA frame that comes in parts. */
  #dataLeft = 0;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  /** A frame has begun, and is not DATA: its peer owes us the rest. */
  get isWithinFrame(): boolean {
    return this.#partial !== undefined;
  }

  read(chunk: Buffer): void {
    const { length } = chunk;
    let at = this.#prefaceLeft > 0 ? this.#preface(chunk) : 0;
    while (at < length && !this.#sink.isOver) {
      if (this.#dataLeft > 0) at = this.#part(chunk, at);
      else if (this.#partial !== undefined) at = this.#more(chunk, at, this.#partial);
      else at = this.#frame(chunk, at);
    }
  }

  #preface(chunk: Buffer): number {
    const length = Math.min(this.#prefaceLeft, chunk.length);
    const from = PREFACE.length - this.#prefaceLeft;
    if (PREFACE.compare(chunk, 0, length, from, from + length) !== 0)
      throw new ConnectionError(PROTOCOL_ERROR, "the connection does not begin with HTTP/2's preface");
    this.#prefaceLeft -= length;
    return length;
  }

  /** Takes a frame whose first byte is at `at`, and gives the place after what was taken. */
  #frame(chunk: Buffer, at: number): number {
    const there = chunk.length - at;
    if (there < HEAD_BYTES) return this.#keep(chunk, at, HEAD_BYTES);
    const size = sizeOf(chunk, at);
    if (there >= HEAD_BYTES + size) {
      this.#whole(chunk, at, size);
      return at + HEAD_BYTES + size;
    }
    if (comesInParts(chunk, at)) {
      this.#begin(chunk, at, size);
      return at + HEAD_BYTES;
    }
    return this.#keep(chunk, at, HEAD_BYTES + size);
  }

  #keep(chunk: Buffer, at: number, wantedBytes: number): number {
    this.#partial = Buffer.allocUnsafeSlow(wantedBytes);
    this.#partialBytes = chunk.copy(this.#partial, 0, at);
    return chunk.length;
  }

  /** Adds to a frame, or to its head, which then tells how long the frame is. */
  #more(chunk: Buffer, at: number, partial: Buffer): number {
    const taken = chunk.copy(partial, this.#partialBytes, at);
    this.#partialBytes += taken;
    if (this.#partialBytes < partial.length) return at + taken;
    const size = sizeOf(partial, 0);
    this.#partial = undefined;
    if (partial.length === HEAD_BYTES + size) this.#whole(partial, 0, size);
    else if (comesInParts(partial, 0)) this.#begin(partial, 0, size);
    else this.#keep(partial, 0, HEAD_BYTES + size);
    return at + taken;
  }

  #whole(bytes: Buffer, at: number, size: number): void {
    const type = bytes[at + 3] as number; // the head is there
    const flags = bytes[at + 4] as number;
    this.#sink.frame(type, flags, readUint31(bytes, at + 5), bytes, at + HEAD_BYTES, size);
  }

  #begin(bytes: Buffer, at: number, size: number): void {
    this.#dataLeft = size;
    this.#sink.dataBegins(bytes[at + 4] as number, readUint31(bytes, at + 5), size); // the head is there
  }

  #part(chunk: Buffer, at: number): number {
    const end = Math.min(at + this.#dataLeft, chunk.length);
    this.#dataLeft -= end - at;
    this.#sink.dataPart(chunk, at, end, this.#dataLeft === 0);
    return end;
  }
}

function sizeOf(bytes: Buffer, at: number): number {
  const size = bytes.readUIntBE(at, 3);
  if (size > MAX_FRAME_BYTES)
    throw new ConnectionError(FRAME_SIZE_ERROR, `a frame of ${size} bytes is above ${MAX_FRAME_BYTES}`);
  return size;
}

function comesInParts(bytes: Buffer, at: number): boolean {
  return bytes[at + 3] === DATA && ((bytes[at + 4] as number) & PADDED) === 0; // the head is there
}
