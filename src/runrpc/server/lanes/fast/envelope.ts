import { Code, ConnectError } from "@connectrpc/connect";
import { tooLargeToRead } from "./codec.ts";
import { Compressed, type Outgoing, unknownCompression } from "./compressed.ts";
import { ENVELOPE_BYTES, Framed, writeHead } from "./framed.ts";
import { Pieces } from "./pieces.ts";

// Envelopes: one byte of flags, four of length (big-endian), then the message. They are the same in gRPC
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md, "Length-Prefixed-Message"), in gRPC-Web and in
// Connect's streams (https://connectrpc.com/docs/protocol#streaming-rpcs).

const COMPRESSED_FLAG = 0x01;

/**
 * Takes a request body apart, whatever its chunks. A message that lies within one chunk is not copied. A class,
 * because each call has one: one hidden shape.
 */
export class EnvelopeReader {
  readonly #maxBytes: number;
  readonly #endFlag: number;
  #chunk: Buffer | undefined = undefined;
  /** Where the next envelope begins in the first chunk. */
  #offset = 0;
  /** Chunks after the first. */
  #more: Pieces | undefined = undefined;
  #available = 0;
  readonly #mayBeCompressed: boolean;
  /** Whether the message that `next` gave last is compressed. */
  isCompressed = false;

  /**
   * @param endFlag envelopes with this flag end a stream of the protocol, and carry no message; 0: it has none.
   * @param mayBeCompressed whether the request names a compression.
   */
  constructor(maxBytes: number, endFlag: number, mayBeCompressed: boolean) {
    this.#maxBytes = maxBytes;
    this.#endFlag = endFlag;
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
    const header = this.#view(ENVELOPE_BYTES);
    const length = header.readUInt32BE(1);
    if (length > this.#maxBytes) throw tooLargeToRead(length, this.#maxBytes);
    return Math.max(0, ENVELOPE_BYTES + length - this.#available);
  }

  /**
   * The next message, or undefined when it has not arrived.
   *
   * @throws ConnectError `resource_exhausted` for one above the limit, `internal` for a compressed one where no compression was named.
   */
  next(): Buffer | undefined {
    while (this.missing() === 0) {
      const header = this.#view(ENVELOPE_BYTES);
      const flags = header.readUInt8(0);
      const envelope = this.#take(ENVELOPE_BYTES + header.readUInt32BE(1));
      this.isCompressed = (flags & COMPRESSED_FLAG) !== 0;
      if (this.isCompressed && !this.#mayBeCompressed) throw unknownCompression();
      if (this.#endFlag === 0 || (flags & this.#endFlag) === 0) return envelope.subarray(ENVELOPE_BYTES);
    }
    return undefined;
  }

  /** @throws ConnectError `invalid_argument` when the body ended within an envelope. */
  finish(): void {
    if (this.#available > 0)
      throw new ConnectError("protocol error: incomplete envelope", Code.InvalidArgument);
  }

  /** The first bytes, which must be there, left where they are. */
  #view(length: number): Buffer {
    const chunk = this.#first();
    if (chunk.length - this.#offset < length) return this.#gather(length).subarray(0, length);
    return this.#offset === 0 ? chunk : chunk.subarray(this.#offset, this.#offset + length);
  }

  #take(length: number): Buffer {
    let chunk = this.#first();
    if (chunk.length - this.#offset < length) chunk = this.#gather(length);
    const taken = chunk.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    this.#available -= length;
    if (this.#offset === chunk.length) {
      this.#chunk = this.#more?.shift();
      this.#offset = 0;
    }
    return taken;
  }

  #first(): Buffer {
    if (this.#chunk === undefined) throw new Error("an envelope was read before it was there");
    return this.#chunk;
  }

  /** Joins as many chunks as `length` bytes need: each byte of a message is copied once. */
  #gather(length: number): Buffer {
    const parts = [this.#first().subarray(this.#offset)];
    let size = parts[0]?.length ?? 0;
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
  const length = byteLengthOf(message);
  const bytes = Buffer.allocUnsafe(ENVELOPE_BYTES + length);
  writeEnvelope(bytes, 0, flags, message, length);
  return bytes;
}

/** Messages in their envelopes, followed by `ending`, as one piece. One that is framed, alone, is that piece. */
export function envelopes(messages: readonly Outgoing[], ending: Uint8Array | undefined): Buffer {
  const [first] = messages;
  if (messages.length === 1 && ending === undefined && first instanceof Framed) return first.bytes;
  let total = ending?.length ?? 0;
  for (const message of messages) total += ENVELOPE_BYTES + byteLengthOf(message);
  const bytes = Buffer.allocUnsafe(total);
  let offset = 0;
  for (const message of messages) offset = writeEnvelope(bytes, offset, 0, message, byteLengthOf(message));
  if (ending !== undefined) bytes.set(ending, offset);
  return bytes;
}

/** Of a message without its envelope. */
export function byteLengthOf(message: Outgoing): number {
  if (typeof message === "string") return Buffer.byteLength(message);
  if (message instanceof Framed) return message.bytes.length - ENVELOPE_BYTES;
  return message instanceof Compressed ? message.bytes.length : message.length;
}

function writeEnvelope(
  target: Buffer,
  offset: number,
  flags: number,
  message: Outgoing,
  length: number,
): number {
  if (message instanceof Framed) {
    target.set(message.bytes, offset);
    return offset + message.bytes.length;
  }
  const isCompressed = message instanceof Compressed;
  writeHead(target, offset, isCompressed ? flags | COMPRESSED_FLAG : flags, length);
  if (typeof message === "string") target.write(message, offset + ENVELOPE_BYTES);
  else target.set(isCompressed ? message.bytes : message, offset + ENVELOPE_BYTES);
  return offset + ENVELOPE_BYTES + length;
}
