import type { Socket } from "node:net";
import { Clocks } from "./clocks.ts";
import { Core, type Shared } from "./core.ts";
import { ConnectionError, INTERNAL_ERROR } from "./errors.ts";
import { Farewell } from "./farewell.ts";
import { FrameReader } from "./frame-reader.ts";
import { FrameReceiver } from "./frame-receiver.ts";
import { writeSettings } from "./settings.ts";
import type { Stream } from "./stream.ts";

/** Where streams go. */
export interface StreamTaker {
  /** A request, whose head may say that it is too large. It may be reset by now only from its own handler. */
  onStream(stream: Stream): void;
  /** A stream that its peer has reset within the read that opened it. */
  onDropped(): void;
}

/**
 * What the socket may hold that its peer does not take: above it, the peer is not read. DATA stops at the socket's own
 * mark, long before; so it is our acknowledgements and short answers that nobody takes.
 */
const MAX_UNTAKEN_BYTES = 262_144;

/** How long a connection that has ended is read, so that no TCP reset takes our last frames away from the peer. */
const LINGER_MS = 1_000;
/** The same for a peer that has broken a rule, and may go on. */
const SHORT_LINGER_MS = 200;
/** How long the peer may take for what is left to send. */
const LAST_BYTES_MS = 20_000;

/** One HTTP/2 connection, from its preface to the end of its socket. A class: it holds both. */
export class Connection {
  /** The socket is closed. */
  onClose: () => void = nothing;
  readonly #socket: Socket;
  readonly #core: Core;
  readonly #taker: StreamTaker;
  readonly #onError: (error: unknown) => void;
  readonly #reader: FrameReader;
  readonly #receiver: FrameReceiver;
  readonly #farewell: Farewell;
  readonly #clocks: Clocks;
  #linger: NodeJS.Timeout | undefined = undefined;

  constructor(socket: Socket, shared: Shared, taker: StreamTaker) {
    this.#socket = socket;
    this.#taker = taker;
    this.#onError = shared.onError;
    const core = new Core(socket, shared);
    this.#core = core;
    this.#receiver = new FrameReceiver(core);
    this.#reader = new FrameReader(this.#receiver);
    this.#farewell = new Farewell(core, () => this.#end(LINGER_MS));
    this.#clocks = new Clocks(core, this.#farewell, {
      fail: (code, text) => this.#fail(new ConnectionError(code, text)),
      destroy: () => this.destroy(),
    });
    core.onEmpty = () => {
      this.#clocks.idle();
      this.#farewell.emptied();
    };
    core.onPingAck = (kind) => {
      this.#clocks.answered(kind);
      this.#farewell.answered(kind);
    };
    writeSettings(core);
    this.#listen();
  }

  get openStreams(): readonly Stream[] {
    return [...this.#core.streams.values()];
  }

  get isOver(): boolean {
    return this.#core.isOver;
  }

  /** Ends in good order: no more streams are taken, those that are open run to their ends. */
  close(): void {
    this.#farewell.begin();
    this.#clocks.set();
  }

  /** Ends at once. */
  destroy(): void {
    this.#socket.destroy();
    this.#gone();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on("data", (chunk: Buffer) => this.#read(chunk));
    socket.on("drain", () => this.#drained());
    socket.on("error", nothing); // `close` follows
    socket.on("end", () => this.#end(LINGER_MS));
    socket.on("close", () => this.#gone());
    socket.resume();
  }

  /** Takes all frames of a read, and then hands on the streams that are still open. */
  #read(chunk: Buffer): void {
    const core = this.#core;
    if (core.isOver) return;
    try {
      this.#reader.read(chunk);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#clocks.block(this.#reader.isWithinFrame || this.#receiver.isWithinBlock);
    if (core.arrived.length > 0) this.#dispatch();
    if (this.#socket.writableLength >= MAX_UNTAKEN_BYTES) this.#socket.pause();
  }

  #dispatch(): void {
    const { arrived } = this.#core;
    this.#core.arrived = [];
    this.#farewell.opened();
    for (const stream of arrived) {
      if (stream.isClosed) this.#taker.onDropped();
      else this.#hand(stream);
    }
  }

  #hand(stream: Stream): void {
    try {
      this.#taker.onStream(stream);
    } catch (error) {
      this.#core.threw(stream, error);
    }
  }

  #drained(): void {
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#core.sender.drained();
  }

  /** Tells the peer what it has done wrong, and ends. What is no ConnectionError is our own fault. */
  #fail(error: unknown): void {
    const core = this.#core;
    if (core.isOver) return;
    const isPeers = error instanceof ConnectionError;
    // RFC 9113, 6.8: no GOAWAY names a later stream than the one before it.
    const lastId = Math.min(core.lastId, core.lastTakenId);
    core.writeGoaway(lastId, isPeers ? error.code : INTERNAL_ERROR, isPeers ? error.message : "");
    if (!isPeers) this.#onError(error);
    this.#end(SHORT_LINGER_MS);
  }

  /** Sends what is left, and closes when the peer does, or after a while. */
  #end(lingerMs: number): void {
    const core = this.#core;
    if (core.isOver) return;
    core.outbox.flush();
    core.closeAll();
    this.#clocks.stop();
    const socket = this.#socket;
    socket.end(() => this.#destroyAfter(lingerMs));
    this.#destroyAfter(LAST_BYTES_MS);
    socket.resume(); // what comes is dropped
  }

  #destroyAfter(ms: number): void {
    clearTimeout(this.#linger);
    if (!this.#socket.destroyed) this.#linger = setTimeout(destroy, ms, this.#socket);
  }

  #gone(): void {
    clearTimeout(this.#linger);
    this.#clocks.stop();
    this.#core.closeAll();
    const { onClose } = this;
    this.onClose = nothing;
    onClose();
  }
}

function destroy(socket: Socket): void {
  socket.destroy();
}

function nothing(): void {}
