import { COST } from "./budget.ts";
import type { Core } from "./core.ts";
import { ConnectionError, PROTOCOL_ERROR } from "./errors.ts";
import type { FrameSink } from "./frame-reader.ts";
import * as frames from "./frames.ts";
import { type Block, HeaderBlock } from "./header-block.ts";
import {
  receiveGoaway,
  receivePing,
  receivePriority,
  receiveReset,
  receiveWindowUpdate,
} from "./receive-control.ts";
import { admitData, receiveBody, receiveData } from "./receive-data.ts";
import { receiveBlock } from "./receive-headers.ts";
import { receiveSettings } from "./settings.ts";
import type { Stream } from "./stream.ts";

/** Takes the frames of one connection, and leaves what they mean to `receive-*.ts`. A class: each connection holds one. */
export class FrameReceiver implements FrameSink {
  readonly #core: Core;
  readonly #block: HeaderBlock;
  /** Of a DATA frame that comes in parts; undefined where it is dropped. */
  #dataStream: Stream | undefined = undefined;
  #dataEnds = false;

  constructor(core: Core) {
    this.#core = core;
    this.#block = new HeaderBlock(core.options.maxHeaderBytes, core.budget);
  }

  get isOver(): boolean {
    return this.#core.isOver;
  }

  /** HEADERS have come, and their end has not. */
  get isWithinBlock(): boolean {
    return this.#block.id !== 0;
  }

  frame(type: number, flags: number, id: number, bytes: Buffer, at: number, size: number): void {
    const core = this.#core;
    this.#admit(type, id);
    switch (type) {
      case frames.DATA:
        receiveData(core, flags, id, bytes, at, size);
        break;
      case frames.HEADERS:
        this.#take(this.#block.begin(flags, id, bytes, at, size));
        break;
      case frames.CONTINUATION:
        this.#take(this.#block.more(flags, bytes, at, size));
        break;
      case frames.WINDOW_UPDATE:
        receiveWindowUpdate(core, id, bytes, at, size);
        break;
      case frames.RST_STREAM:
        receiveReset(core, id, bytes, at, size);
        break;
      case frames.SETTINGS:
        receiveSettings(core, flags, id, bytes, at, size);
        break;
      case frames.PING:
        receivePing(core, flags, id, bytes, at, size);
        break;
      case frames.PRIORITY:
        receivePriority(core, id, bytes, at, size);
        break;
      case frames.GOAWAY:
        receiveGoaway(core, id, size);
        break;
      case frames.PUSH_PROMISE:
        throw new ConnectionError(PROTOCOL_ERROR, "PUSH_PROMISE from a client");
      default:
        core.budget.spend(COST.frame); // RFC 9113, 5.5: ignored
    }
  }

  dataBegins(flags: number, id: number, size: number): void {
    this.#admit(frames.DATA, id);
    this.#dataStream = admitData(this.#core, id, size);
    this.#dataEnds = (flags & frames.END_STREAM) !== 0;
  }

  dataPart(bytes: Buffer, start: number, end: number, isLast: boolean): void {
    const stream = this.#dataStream;
    if (stream === undefined) return;
    if (isLast) this.#dataStream = undefined;
    if (!stream.isClosed) receiveBody(this.#core, stream, bytes, start, end, isLast && this.#dataEnds);
  }

  /** What must hold before any frame is looked at (RFC 9113, 3.4 and 6.10). */
  #admit(type: number, id: number): void {
    if (!this.#core.hasPeerSettings && type !== frames.SETTINGS)
      throw new ConnectionError(PROTOCOL_ERROR, "the first frame is not SETTINGS");
    const open = this.#block.id;
    if (open !== 0 && (type !== frames.CONTINUATION || id !== open))
      throw new ConnectionError(PROTOCOL_ERROR, `a frame within the header block of stream ${open}`);
  }

  #take(block: Block | undefined): void {
    if (block !== undefined) receiveBlock(this.#core, block);
  }
}
