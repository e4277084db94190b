import type { Socket } from "node:net";
import { Budget, COST } from "./budget.ts";
import type { BufferPool } from "./buffer-pool.ts";
import { ClosedStreams } from "./closed-streams.ts";
import type { DateField } from "./date-field.ts";
import { CANCEL, INTERNAL_ERROR, NO_ERROR } from "./errors.ts";
import { ACK, GOAWAY, MAX_UINT31, PING, RST_STREAM, WINDOW_UPDATE, writeUint32 } from "./frames.ts";
import { createHeaderWriter, type HeaderWriter, measureHeaders } from "./header-writer.ts";
import { Decoder } from "./hpack/decoder.ts";
import { Encoder } from "./hpack/encoder.ts";
import type { HuffmanReader } from "./hpack/huffman.ts";
import type { Http2Options } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { Sender } from "./sender.ts";
import type { OutgoingHeaders, Stream, StreamOwner } from "./stream.ts";

/** What the connections of one server have in common. */
export interface Shared {
  readonly options: Http2Options;
  readonly pool: BufferPool;
  readonly huffman: HuffmanReader;
  readonly date: DateField;
  /** A handler threw; its stream was reset. */
  onError(error: unknown): void;
}

/**
 * The state of one connection, and what is done to its streams. `receive-*.ts` feed it with the peer's frames, and
 * `connection.ts` ties it to its socket. A class: its streams call it by the interface that they declare.
 */
export class Core implements StreamOwner {
  readonly socket: Socket;
  readonly options: Http2Options;
  readonly streams = new Map<number, Stream>();
  readonly closed: ClosedStreams;
  readonly budget: Budget;
  readonly decoder: Decoder;
  readonly encoder = new Encoder();
  readonly outbox: Outbox;
  readonly sender: Sender;
  readonly window: ReceiveWindow;
  /** Streams that this read has opened. */
  arrived: Stream[] = [];
  /** The highest id that the peer has used. */
  lastId = 0;
  /** Streams above this are not taken: the last GOAWAY has said so. */
  lastTakenId = MAX_UINT31;
  hasPeerSettings = false;
  /** The peer has acknowledged our SETTINGS. */
  isAcknowledged = false;
  /** Nothing more is read. */
  isOver = false;
  /** The last open stream has closed. */
  onEmpty: () => void = nothing;
  /** The peer has answered a ping that began with this byte. */
  onPingAck: (kind: number) => void = nothing;
  readonly #headers: HeaderWriter;
  readonly #onError: (error: unknown) => void;

  constructor(socket: Socket, shared: Shared) {
    const { options } = shared;
    this.socket = socket;
    this.options = options;
    this.closed = new ClosedStreams(options.maxConcurrentStreams);
    this.budget = new Budget(options);
    this.decoder = new Decoder(options, shared.huffman);
    this.window = new ReceiveWindow(options.connectionWindowBytes);
    this.outbox = new Outbox(socket, shared.pool);
    this.outbox.onData = () => this.budget.earn();
    this.#headers = createHeaderWriter(this.outbox, this.encoder, shared.date);
    this.sender = new Sender(this.outbox, this.#headers, (stream) => this.#endLocal(stream));
    this.#onError = shared.onError;
  }

  /** The peer has used neither the id nor one above it. */
  isIdle(id: number): boolean {
    return id > this.lastId;
  }

  respond(stream: Stream, status: number, headers: OutgoingHeaders, isEnd: boolean): void {
    if (!Number.isInteger(status) || status < 100 || status > 599 || status === SWITCHING_PROTOCOLS)
      throw new TypeError(`${status} is no status of an HTTP/2 response`);
    this.#headers.write(stream.id, status, headers, measureHeaders(headers, false), isEnd);
    if (isEnd) this.#endLocal(stream);
  }

  send(stream: Stream, bytes: Uint8Array, isLast: boolean, trailers: OutgoingHeaders | undefined): boolean {
    return this.sender.send(stream, bytes, isLast, trailers);
  }

  reset(stream: Stream, code: number): void {
    this.writeReset(stream.id, code);
    this.closed.addReset(stream.id);
    this.close(stream, code);
  }

  took(stream: Stream, bytes: number): void {
    if (stream.remoteEnded || stream.isClosed) return;
    stream.takenBytes += bytes;
    if (2 * stream.takenBytes < this.options.streamWindowBytes) return;
    stream.receiveWindow += stream.takenBytes;
    this.growPeerWindow(stream.id, stream.takenBytes);
    stream.takenBytes = 0;
  }

  threw(stream: Stream, error: unknown): void {
    this.#onError(error);
    if (!stream.isClosed) this.reset(stream, INTERNAL_ERROR);
  }

  /** The request of a stream is over. */
  endRemote(stream: Stream): void {
    stream.remoteEnded = true;
    if (stream.localEnded) this.#closeEnded(stream);
    else stream.receiveEnd();
  }

  /** The peer has given the stream up. */
  resetByPeer(stream: Stream, code: number): void {
    this.closed.addEnded(stream.id);
    this.close(stream, code);
  }

  /** Both sides have ended, or one of them has given up. */
  close(stream: Stream, code: number): void {
    if (stream.isClosed) return;
    this.streams.delete(stream.id);
    this.sender.forget(stream);
    if (stream.remoteEnded && stream.localEnded && stream.head.problem === undefined) this.budget.earn();
    stream.close(code);
    if (this.streams.size === 0) this.onEmpty();
  }

  closeAll(): void {
    this.isOver = true;
    this.outbox.isClosed = true;
    for (const stream of [...this.streams.values()]) this.close(stream, CANCEL);
  }

  /** Resets what the peer has done wrong on a stream, at the peer's cost, whether there is a stream or not. */
  fault(id: number, code: number): void {
    const stream = this.streams.get(id);
    if (stream === undefined) {
      this.writeReset(id, code);
      this.closed.addReset(id);
    } else this.reset(stream, code);
    this.budget.spend(COST.fault);
  }

  writeReset(id: number, code: number): void {
    const at = this.outbox.frame(RST_STREAM, 0, id, 4);
    writeUint32(this.outbox.room(0), at, code);
  }

  /** @param id 0 for the connection. */
  growPeerWindow(id: number, bytes: number): void {
    const at = this.outbox.frame(WINDOW_UPDATE, 0, id, 4);
    writeUint32(this.outbox.room(0), at, bytes);
  }

  /** Answers a ping with its own eight bytes. */
  writePong(bytes: Buffer, from: number): void {
    const at = this.outbox.frame(PING, ACK, 0, PING_BYTES);
    bytes.copy(this.outbox.room(0), at, from, from + PING_BYTES);
  }

  /** Asks for an answer, which is told by the same kind: a byte that the payload is filled with. */
  writePing(kind: number): void {
    const at = this.outbox.frame(PING, 0, 0, PING_BYTES);
    this.outbox.room(0).fill(kind, at, at + PING_BYTES);
  }

  writeGoaway(lastId: number, code: number, text: string): void {
    const at = this.outbox.frame(GOAWAY, 0, 0, 8 + text.length);
    const out = this.outbox.room(0);
    writeUint32(out, at, lastId);
    writeUint32(out, at + 4, code);
    out.latin1Write(text, at + 8);
  }

  #endLocal(stream: Stream): void {
    stream.tellFinished();
    if (stream.isClosed) return;
    if (stream.remoteEnded) this.#closeEnded(stream);
    else stream.stopUpload(this.options.uploadGraceMs);
  }

  #closeEnded(stream: Stream): void {
    this.closed.addEnded(stream.id);
    this.close(stream, NO_ERROR);
  }
}

/** HTTP/2 has no such status (RFC 9113, 8.6). */
const SWITCHING_PROTOCOLS = 101;
const PING_BYTES = 8;

function nothing(): void {}
