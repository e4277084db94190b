import { ENVELOPE_BYTES } from "../envelope-head.ts";

/**
 * A message of protobuf that was written behind the place of its envelope's head, so that it leaves without being copied. A
 * class, so that it is told from one that has no such place.
 */
export class Framed {
  /** The head and the message. */
  readonly bytes: Buffer;

  /** @param bytes `ENVELOPE_BYTES`, which are overwritten, and the message. */
  constructor(bytes: Buffer) {
    writeHead(bytes, 0, 0, bytes.length - ENVELOPE_BYTES);
    this.bytes = bytes;
  }
}

/** Writes the head of an envelope: flags, and the length of the message. */
export function writeHead(target: Buffer, offset: number, flags: number, length: number): void {
  target[offset] = flags;
  target.writeUInt32BE(length, offset + 1);
}

/** The message alone. */
export function bareOf<T>(message: T | Framed): T | Buffer {
  return message instanceof Framed ? message.bytes.subarray(ENVELOPE_BYTES) : message;
}
