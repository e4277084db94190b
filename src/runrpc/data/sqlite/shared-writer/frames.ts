import { DefaultDeserializer, DefaultSerializer } from "node:v8";

/** Before each frame stands the length of what follows, as an unsigned number of 32 bits, most significant byte first. */
const lengthBytes = 4;

/** What one frame may hold, whatever the options say. */
export const greatestFrameBytes = 0x4000_0000;

/**
 * Writes a message as V8 does for a thread: dates, bigints, maps, bytes and plain objects survive. A Buffer arrives as
 * Uint8Array. Throws for what cannot be sent, such as a function.
 */
export function encodeFrame(message: readonly unknown[]): Buffer {
  const writer = new Writer();
  writer.writeRawBytes(new Uint8Array(lengthBytes));
  writer.writeHeader();
  writer.writeValue(message);
  const frame = writer.releaseBuffer();
  frame.writeUInt32BE(frame.length - lengthBytes);
  return frame;
}

/** Takes the bytes of a connection as they come. */
export interface FrameReader {
  /** True in the middle of a frame. */
  readonly isWithin: boolean;
  /** The messages that are complete with these bytes. Throws for a frame that is too large or holds no message. */
  read(chunk: Buffer): (readonly unknown[])[];
}

/** @param maxBytes what a frame may hold: looked at before it is read. */
export function createFrameReader(maxBytes: number): FrameReader {
  let chunks: Buffer[] = [];
  let held = 0;
  let needed = lengthBytes;

  /** Cuts off what is complete, and keeps the rest. */
  function cut(bytes: Buffer): (readonly unknown[])[] {
    const messages: (readonly unknown[])[] = [];
    let at = 0;
    for (needed = lengthBytes; bytes.length - at >= lengthBytes; at += needed, needed = lengthBytes) {
      const length = bytes.readUInt32BE(at);
      if (length > maxBytes)
        throw new RangeError(`a frame of ${length} bytes is above the maximum of ${maxBytes}`);
      needed = lengthBytes + length;
      if (bytes.length - at < needed) break;
      messages.push(decode(bytes.subarray(at + lengthBytes, at + needed)));
    }
    held = bytes.length - at;
    chunks = held === 0 ? [] : [bytes.subarray(at)];
    return messages;
  }

  return {
    get isWithin() {
      return held > 0;
    },
    read(chunk) {
      chunks.push(chunk);
      held += chunk.length;
      if (held < needed) return [];
      return cut(chunks.length === 1 ? chunk : Buffer.concat(chunks, held));
    },
  };
}

function decode(body: Buffer): readonly unknown[] {
  const reader = new Reader(body);
  reader.readHeader();
  const message: unknown = reader.readValue();
  if (!Array.isArray(message)) throw new TypeError("a frame holds no message");
  return message;
}

/** By their places in this list they are told apart in a frame. A Buffer is a Uint8Array here. */
const views: readonly ViewConstructor[] = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
];

interface ViewConstructor {
  readonly name: string;
  new (memory: ArrayBuffer): ArrayBufferView;
}

/** A class, as node:v8 asks for one. Of a view only what it shows is written, not all of the memory that it shows a part of. */
class Writer extends DefaultSerializer {
  _writeHostObject(value: object): void {
    const name = Object.prototype.toString.call(value).slice("[object ".length, -1);
    const kind = views.findIndex((View) => View.name === name);
    if (kind === -1 || !ArrayBuffer.isView(value))
      throw new TypeError("an object of Node could not be cloned");
    this.writeUint32(kind);
    this.writeUint32(value.byteLength);
    this.writeRawBytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
}

/** Each view has memory of its own, so that none keeps a frame or is sent on with all of it. */
class Reader extends DefaultDeserializer {
  _readHostObject(): ArrayBufferView {
    const View = views[this.readUint32()];
    if (View === undefined) throw new TypeError("a frame holds an unknown kind of bytes");
    return new View(new Uint8Array(this.readRawBytes(this.readUint32())).buffer);
  }
}
