import { create, type DescMessage, fromBinary, isMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { BAIL } from "./bail.ts";
import { findInexact } from "./inexact.ts";
import type { MessageCodec } from "./message-codec.ts";
import { NOTHING, Reader } from "./reader.ts";
import { ensure, Writer } from "./writer.ts";

/** Reads and writes one message type. What the generated codec leaves is protobuf-es's, with its results and its errors. */
export interface BinaryCodec {
  /** Fields of `bytes` are views of what is read. @throws Error what `fromBinary` throws. */
  decode(bytes: Uint8Array): Message;
  /**
   * Writes a message or an initialiser of it, which needs no `create`.
   *
   * @param head so many bytes are left in front, for whoever frames it; what is in them is left over from others.
   * @throws Error what `toBinary` and `create` throw, and TypeError for a value that these would change in silence.
   */
  encode(value: object, head: number): Buffer;
  /**
   * The same, from `at` on, behind what its caller has written before: `at` lies within the writer's buffer, which is replaced
   * when it becomes too small. Gives where the message ends. When it throws, what lies before `at` is as it was.
   */
  append(value: object, writer: Writer, at: number): number;
}

// One of each for the process, because a buffer for each message would cost more than most messages. Reading and writing
// are synchronous; but a message may have a getter, which runs code of anybody's while it is written.
const reader = new Reader();
const kept = Buffer.allocUnsafeSlow(65_536);
const writer = new Writer(kept);
let isWriting = false;

/** @param codec undefined: protobuf-es does it all. */
export function createBinaryCodec(desc: DescMessage, codec: MessageCodec | undefined): BinaryCodec {
  const encodeOtherwise = (value: object, head: number) => behind(head, exactBytes(desc, value));
  const decodeOtherwise = (bytes: Uint8Array) => fromBinary(desc, plain(bytes));
  const appendOtherwise = (value: object, to: Writer, at: number) =>
    appendBytes(to, at, exactBytes(desc, value));
  if (codec === undefined)
    return { decode: decodeOtherwise, encode: encodeOtherwise, append: appendOtherwise };
  const { read, write } = codec;
  return {
    decode(bytes) {
      reader.b = asBuffer(bytes);
      try {
        return read(reader, 0, bytes.length, 1) as Message; // the codec is this message's
      } catch {
        return decodeOtherwise(bytes); // irregular, or wrong
      } finally {
        reader.b = NOTHING;
      }
    },
    encode(value, head) {
      if (isWriting) return encodeOtherwise(value, head);
      isWriting = true;
      try {
        return taken(write(writer, value, head, false));
      } catch {
        isWriting = false;
        return encodeOtherwise(value, head);
      } finally {
        writer.b = kept;
        isWriting = false;
      }
    },
    append(value, to, at) {
      try {
        const end = write(to, value, at, false);
        if (end <= to.b.length) return end; // see `taken`
      } catch {
        // Irregular, or wrong.
      }
      return appendOtherwise(value, to, at);
    },
  };
}

/** @throws TypeError that names the first field whose value would be written as another one. */
function exactBytes(desc: DescMessage, value: object): Uint8Array {
  const message = wholeOf(desc, value);
  const inexact = findInexact(desc, message);
  if (inexact !== undefined) throw new TypeError(`${desc.typeName}.${inexact}`);
  return toBinary(desc, message);
}

function appendBytes(writer: Writer, at: number, bytes: Uint8Array): number {
  ensure(writer, at, bytes.length).set(bytes, at);
  return at + bytes.length;
}

/** What has been written up to `end`, for keeps. */
function taken(end: number): Buffer {
  const { b } = writer;
  // Room was made for a list that has grown while it was written, by a getter: what is behind the buffer went nowhere.
  if (end > b.length) throw BAIL;
  // A large message is given away with the buffer that it was written to, unless most of that is empty.
  if (b !== kept && 2 * end > b.length) return b.subarray(0, end);
  const bytes = Buffer.allocUnsafe(end);
  b.copy(bytes, 0, 0, end);
  return bytes;
}

function wholeOf(desc: DescMessage, value: object): Message {
  return isMessage(value, desc) ? value : create(desc, value as Record<string, unknown>); // create judges it
}

function behind(head: number, message: Uint8Array): Buffer {
  if (head === 0) return Buffer.from(message.buffer, message.byteOffset, message.byteLength);
  const bytes = Buffer.allocUnsafe(head + message.length);
  bytes.set(message, head);
  return bytes;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A Buffer would hand on Buffers as the values of `bytes` fields. */
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
