import { Code, ConnectError } from "@connectrpc/connect";
import { COMPRESSED_FLAG, ENVELOPE_BYTES, unknownFlags } from "../envelope-head.ts";
import { tooLargeToRead } from "./codec.ts";
import { Compressed, type Outgoing, unknownCompression } from "./compressed.ts";
import { Framed, writeHead } from "./framed.ts";
import { Pieces } from "./pieces.ts";

// Envelopes: one byte of flags, four of length (big-endian), then the message. They are the same in gRPC
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message"), in gRPC-Web and in
// Connect's streams (https://connectrpc.com/docs/protocol#streaming-rpcs).

/**
 * Takes a request body apart, whatever its chunks. A message that lies within one chunk is not copied. A class,
 * because each call has one: one hidden shape.
 */
export class EnvelopeReader {
  readonly #maxBytes: number;
  #chunk: Buffer | undefined = undefined;
  /** Where the next envelope begins in the first chunk. */
  #offset = 0;
  /** Chunks after the first. */
  #more: Pieces | undefined = undefined;
  #available = 0;
  readonly #mayBeCompressed: boolean;
  /** Whether the message that `next` gave last is compressed. */
  isCompressed = false;

  /** @param mayBeCompressed whether the request names a compression. */
  constructor(maxBytes: number, mayBeCompressed: boolean) {
    this.#maxBytes = maxBytes;
    this.#mayBeCompressed = mayBeCompressed;
  }

  push(chunk: Buffer): void {
    this.#available += chunk.length;
    if (this.#chunk === undefined) this.#chunk = chunk;
    else {
      this.#more ??= new Pieces();
      this.#more.push(chunk);
    }
  }

  /**
   * Looks at the header of the next envelope, if it is there.
   *
   * @returns the bytes that are missing until the envelope is whole; 0 when it is.
   * @throws ConnectError `resource_exhausted` for a message above the limit, before it has been sent.
   */
  missing(): number {
    if (this.#available < ENVELOPE_BYTES) return ENVELOPE_BYTES - this.#available;
    const chunk = this.#reach(ENVELOPE_BYTES);
    const length = readLength(chunk, this.#offset);
    if (length > this.#maxBytes) throw tooLargeToRead(length, this.#maxBytes);
    return Math.max(0, ENVELOPE_BYTES + length - this.#available);
  }

  /**
   * The next message, or undefined when it has not arrived.
   *
   * @throws ConnectError `resource_exhausted` for one above the limit, `internal` for a compressed one where no compression was named,
   * `invalid_argument` for flags that a request does not have.
   */
  next(): Buffer | undefined {
    if (this.missing() > 0) return undefined;
    const length = readLength(this.#reach(ENVELOPE_BYTES), this.#offset);
    const chunk = this.#reach(ENVELOPE_BYTES + length);
    const flags = chunk[this.#offset] as number; // it is there
    const start = this.#offset + ENVELOPE_BYTES;
    this.#skip(ENVELOPE_BYTES + length);
    if ((flags & ~COMPRESSED_FLAG) !== 0) throw unknownFlags(flags);
    this.isCompressed = flags !== 0;
    if (this.isCompressed && !this.#mayBeCompressed) throw unknownCompression();
    return chunk.subarray(start, start + length);
  }

  /** @throws ConnectError `invalid_argument` when the body ended within an envelope. */
  finish(): void {
    if (this.#available > 0)
      throw new ConnectError("protocol error: incomplete envelope", Code.InvalidArgument);
  }

  /** The first chunk, with so many bytes behind the offset, which must have come. */
  #reach(length: number): Buffer {
    const chunk = this.#chunk;
    if (chunk === undefined) throw new Error("an envelope was read before it was there");
    return chunk.length - this.#offset < length ? this.#gather(chunk, length) : chunk;
  }

  #skip(length: number): void {
    this.#offset += length;
    this.#available -= length;
    if (this.#offset !== this.#chunk?.length) return;
    this.#chunk = this.#more?.shift();
    this.#offset = 0;
  }

  /** Joins as many chunks as `length` bytes need: each byte of a message is copied once. */
  #gather(first: Buffer, length: number): Buffer {
    const parts = [first.subarray(this.#offset)];
    let size = first.length - this.#offset;
    while (size < length) {
      const part = this.#more?.shift();
      if (part === undefined) throw new Error("an envelope was read before it was there");
      parts.push(part);
      size += part.length;
    }
    this.#offset = 0;
    this.#chunk = Buffer.concat(parts, size);
    return this.#chunk;
  }
}

/** One message in its envelope. */
export function envelope(flags: number, message: Uint8Array | string): Buffer {
  const bytes = Buffer.allocUnsafe(ENVELOPE_BYTES + byteLengthOf(message));
  writeEnvelope(bytes, 0, flags, message);
  return bytes;
}

/** A message in its envelope, followed by `ending`, as one piece: one that is framed, alone, is that piece. */
export function enveloped(message: Outgoing, ending: Uint8Array | undefined): Buffer {
  if (ending === undefined && message instanceof Framed) return message.bytes;
  const length = ENVELOPE_BYTES + byteLengthOf(message);
  const bytes = Buffer.allocUnsafe(length + (ending?.length ?? 0));
  putEnveloped(bytes, 0, message);
  if (ending !== undefined) bytes.set(ending, length);
  return bytes;
}

/** Writes a message in its envelope, for which there is room, and gives where it ends. */
export function putEnveloped(target: Buffer, offset: number, message: Outgoing): number {
  if (message instanceof Framed) {
    target.set(message.bytes, offset);
    return offset + message.bytes.length;
  }
  const isCompressed = message instanceof Compressed;
  return writeEnvelope(
    target,
    offset,
    isCompressed ? COMPRESSED_FLAG : 0,
    isCompressed ? message.bytes : message,
  );
}

/** Of a message without its envelope. */
export function byteLengthOf(message: Outgoing): number {
  if (typeof message === "string") return Buffer.byteLength(message);
  if (message instanceof Framed) return message.bytes.length - ENVELOPE_BYTES;
  return message instanceof Compressed ? message.bytes.length : message.length;
}

function writeEnvelope(target: Buffer, offset: number, flags: number, message: Uint8Array | string): number {
  const length = byteLengthOf(message);
  writeHead(target, offset, flags, length);
  if (typeof message === "string") target.write(message, offset + ENVELOPE_BYTES);
  else target.set(message, offset + ENVELOPE_BYTES);
  return offset + ENVELOPE_BYTES + length;
}

/** The length in the head of an envelope, big-endian. By hand: `readUInt32BE` looks at what is known here. */
function readLength(chunk: Buffer, offset: number): number {
  const at = offset + 1;
  const high = (chunk[at] as number) * 0x100_0000; // the head is there, all of it
  return (
    high + (((chunk[at + 1] as number) << 16) | ((chunk[at + 2] as number) << 8) | (chunk[at + 3] as number))
  );
}
