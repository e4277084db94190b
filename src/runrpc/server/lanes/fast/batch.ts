import { ensure, Writer } from "../../../codec/writer.ts";
import { ENVELOPE_BYTES } from "../envelope-head.ts";
import { Compressed, type Outgoing } from "./compressed.ts";
import { byteLengthOf, enveloped, putEnveloped } from "./envelope.ts";
import { Framed, writeHead } from "./framed.ts";

/** Of the buffer that a second message begins: a stream that gives one message a turn has none. */
const FIRST_BYTES = 1_024;

/** Writes a message behind what a writer holds, and gives where it ends; see `BinaryCodec.append`. */
export type Append = (value: object, writer: Writer, at: number) => number;

/**
 * Messages of an answer that leave in one write, each in its envelope. One alone stays in the buffer that it was made in; more
 * are written one behind the other, and none of them has a buffer of its own. A class, because each call that streams has one:
 * one hidden shape.
 */
export class Batch {
  /** In messages. */
  count = 0;
  /** What some of them are compressed with. */
  encoding: string | undefined = undefined;
  #alone: Outgoing | undefined = undefined;
  #writer: Writer | undefined = undefined;
  #end = 0;
  /** Where the message ends that `write` has written and `keep` has not counted. */
  #writtenEnd = 0;

  /** With the envelopes. */
  get bytes(): number {
    return this.#alone === undefined ? this.#end : ENVELOPE_BYTES + byteLengthOf(this.#alone);
  }

  add(message: Outgoing): void {
    if (message instanceof Compressed) this.encoding = message.encoding;
    if (this.count++ === 0) this.#alone = message;
    else this.#put(this.#open(), message);
  }

  /**
   * Writes a message behind the others, and gives its length without the envelope. It belongs to them when `keep` is called
   * next; nothing has changed when it is not.
   *
   * @throws whatever `append` throws.
   */
  write(value: object, append: Append): number {
    const writer = this.#open();
    const head = this.#end;
    ensure(writer, head, ENVELOPE_BYTES);
    const end = append(value, writer, head + ENVELOPE_BYTES);
    const length = end - head - ENVELOPE_BYTES;
    writeHead(writer.b, head, 0, length);
    this.#writtenEnd = end;
    return length;
  }

  /** Counts the message that was written. */
  keep(): void {
    this.#end = this.#writtenEnd;
    this.count++;
  }

  /** A copy of the message that was written, which is not kept. */
  written(): Framed {
    return new Framed(Buffer.from(this.#open().b.subarray(this.#end, this.#writtenEnd)));
  }

  /** Gives all of them as one piece, with `ending` behind them, and is empty then. */
  take(ending: Uint8Array | undefined): Buffer {
    const bytes = this.#alone === undefined ? this.#joined(ending) : enveloped(this.#alone, ending);
    this.count = 0;
    this.encoding = undefined;
    this.#alone = undefined;
    this.#writer = undefined;
    this.#end = 0;
    return bytes;
  }

  #open(): Writer {
    const open = this.#writer;
    if (open !== undefined) return open;
    const writer = new Writer(Buffer.allocUnsafe(FIRST_BYTES));
    this.#writer = writer;
    const alone = this.#alone;
    this.#alone = undefined;
    if (alone !== undefined) this.#put(writer, alone);
    return writer;
  }

  #put(writer: Writer, message: Outgoing): void {
    ensure(writer, this.#end, ENVELOPE_BYTES + byteLengthOf(message));
    this.#end = putEnveloped(writer.b, this.#end, message);
  }

  /** The buffer itself, unless most of it is empty. */
  #joined(ending: Uint8Array | undefined): Buffer {
    const writer = this.#open();
    if (ending !== undefined) {
      ensure(writer, this.#end, ending.length).set(ending, this.#end);
      this.#end += ending.length;
    }
    const bytes = writer.b.subarray(0, this.#end);
    return 2 * this.#end > writer.b.length ? bytes : Buffer.from(bytes);
  }
}
