import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { createHeaderDecoder, createHeaderEncoder, type HeaderList } from "./hpack.ts";

/** What a stream tells whoever opened it. */
export interface StreamListener {
  /** Payload of one DATA frame. */
  data(payload: Buffer): void;
  /** The stream is over: all headers and trailers together, or the code of its RST_STREAM. */
  end(headers: ReadonlyMap<string, string>, resetCode: number | undefined): void;
}

/** One stream that a client has opened. */
export interface ClientStream {
  /** Sends bytes as DATA frames, at once or as the server's windows allow. */
  send(payload: Buffer, isLast: boolean): void;
  /** Bytes that wait for the server's windows. */
  readonly queuedBytes: number;
  /** RST_STREAM(CANCEL). The listener hears no more. */
  cancel(): void;
}

/**
 * An HTTP/2 connection that costs next to nothing, so that the server is what is measured: frames by hand over one
 * socket (RFC 9113), one write a turn, windows too large to matter on the way in, the server's on the way out.
 */
export interface Http2Connection {
  open(
    headers: HeaderList,
    body: Buffer | undefined,
    isLast: boolean,
    listener: StreamListener,
  ): ClientStream;
  close(): void;
}

interface Stream {
  readonly listener: StreamListener;
  readonly headers: Map<string, string>;
  readonly queue: { payload: Buffer; readonly isLast: boolean }[];
  window: number;
}

const DATA = 0;
const HEADERS = 1;
const RST_STREAM = 3;
const SETTINGS = 4;
const PING = 6;
const GOAWAY = 7;
const WINDOW_UPDATE = 8;
const CONTINUATION = 9;
const END_STREAM = 0x1;
const ACK = 0x1;
const END_HEADERS = 0x4;
const PADDED = 0x8;
const PRIORITY = 0x20;
const MAX_FRAME_BYTES = 16_384;
const WINDOW_BYTES = 1 << 30;
const CANCEL = 8;

/**
 * Connects over cleartext, or over TLS without a look at the certificate, which is made for the run. `failed` hears of a
 * connection that broke; after `close` it hears nothing.
 */
export function connectHttp2(
  port: number,
  failed: (reason: Error) => void,
  isEncrypted = false,
): Http2Connection {
  const socket = openSocket(port, isEncrypted);
  const decode = createHeaderDecoder();
  const encode = createHeaderEncoder();
  const streams = new Map<number, Stream>();
  const blocked = new Set<number>();
  let nextId = 1;
  let out: Buffer[] = [];
  let rest: Buffer | undefined;
  let headerParts: Buffer[] = [];
  let consumed = 0;
  let connectionWindow = 65_535;
  let streamWindow = 65_535;
  let isClosed = false;

  const fail = (reason: Error): void => {
    if (isClosed) return;
    isClosed = true;
    socket.destroy();
    failed(reason);
  };

  function write(bytes: Buffer): void {
    if (out.length === 0) queueMicrotask(flush);
    out.push(bytes);
  }

  function flush(): void {
    if (!isClosed) socket.write(out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out));
    out = [];
  }

  function sendQueued(id: number, stream: Stream): void {
    for (;;) {
      const next = stream.queue[0];
      if (next === undefined) break;
      const length = Math.min(next.payload.length, MAX_FRAME_BYTES, stream.window, connectionWindow);
      if (length === 0 && next.payload.length > 0) {
        blocked.add(id);
        return;
      }
      stream.window -= length;
      connectionWindow -= length;
      const isEnd = length === next.payload.length;
      write(frame(DATA, isEnd && next.isLast ? END_STREAM : 0, id, next.payload.subarray(0, length)));
      if (isEnd) stream.queue.shift();
      else next.payload = next.payload.subarray(length);
    }
    blocked.delete(id);
  }

  function endStream(id: number, resetCode: number | undefined): void {
    const stream = streams.get(id);
    if (stream === undefined) return;
    streams.delete(id);
    blocked.delete(id);
    stream.listener.end(stream.headers, resetCode);
  }

  function onHeaders(id: number, flags: number, payload: Buffer): void {
    headerParts.push(payload);
    if ((flags & END_HEADERS) === 0) return;
    const block = headerParts.length === 1 ? payload : Buffer.concat(headerParts);
    headerParts = [];
    // Decoded even when nobody listens: the table is the connection's.
    const headers = decode(block);
    const stream = streams.get(id);
    if (stream !== undefined) for (const [name, value] of headers) stream.headers.set(name, value);
  }

  let endsWithHeaders = false;
  function onFrame(type: number, flags: number, id: number, raw: Buffer): void {
    switch (type) {
      case DATA: {
        consumed += raw.length;
        if (consumed > WINDOW_BYTES / 4) {
          write(windowUpdate(0, consumed));
          consumed = 0;
        }
        const payload = unpadded(flags, raw);
        if (payload.length > 0) streams.get(id)?.listener.data(payload);
        if ((flags & END_STREAM) !== 0) endStream(id, undefined);
        return;
      }
      case HEADERS:
        endsWithHeaders = (flags & END_STREAM) !== 0;
        onHeaders(id, flags, unpadded(flags, raw).subarray((flags & PRIORITY) !== 0 ? 5 : 0));
        if (endsWithHeaders && (flags & END_HEADERS) !== 0) endStream(id, undefined);
        return;
      case CONTINUATION:
        onHeaders(id, flags, raw);
        if (endsWithHeaders && (flags & END_HEADERS) !== 0) endStream(id, undefined);
        return;
      case RST_STREAM:
        endStream(id, raw.readUInt32BE(0));
        return;
      case SETTINGS:
        if ((flags & ACK) === 0) onSettings(raw);
        return;
      case PING:
        if ((flags & ACK) === 0) write(frame(PING, ACK, 0, raw));
        return;
      case GOAWAY:
        fail(
          new Error(`the server said GOAWAY with code ${raw.readUInt32BE(4)} ${raw.toString("latin1", 8)}`),
        );
        return;
      case WINDOW_UPDATE:
        onWindowUpdate(id, raw.readUInt32BE(0));
    }
  }

  function onSettings(payload: Buffer): void {
    for (let offset = 0; offset + 6 <= payload.length; offset += 6) {
      if (payload.readUInt16BE(offset) !== 4) continue;
      const value = payload.readUInt32BE(offset + 2);
      for (const stream of streams.values()) stream.window += value - streamWindow;
      streamWindow = value;
    }
    write(frame(SETTINGS, ACK, 0, Buffer.alloc(0)));
    sendBlocked();
  }

  function onWindowUpdate(id: number, increment: number): void {
    const stream = streams.get(id);
    if (id === 0) connectionWindow += increment;
    else if (stream !== undefined) stream.window += increment;
    if (blocked.size > 0) sendBlocked();
  }

  function sendBlocked(): void {
    for (const id of [...blocked]) {
      const stream = streams.get(id);
      if (stream !== undefined) sendQueued(id, stream);
    }
  }

  function onData(chunk: Buffer): void {
    let bytes = rest === undefined ? chunk : Buffer.concat([rest, chunk]);
    while (bytes.length >= 9) {
      const end = 9 + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      onFrame(bytes[3] ?? 0, bytes[4] ?? 0, bytes.readUInt32BE(5) & 0x7fffffff, bytes.subarray(9, end));
      bytes = bytes.subarray(end);
    }
    rest = bytes.length === 0 ? undefined : bytes;
  }

  socket.on("data", onData);
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the server closed the connection")));
  socket.write(preface());

  return {
    open(headers, body, isLast, listener) {
      const id = nextId;
      nextId += 2;
      const stream: Stream = { listener, headers: new Map(), queue: [], window: streamWindow };
      streams.set(id, stream);
      const hasNoBody = body === undefined && isLast;
      write(frame(HEADERS, END_HEADERS | (hasNoBody ? END_STREAM : 0), id, encode(headers)));
      const send = (payload: Buffer, last: boolean): void => {
        if (!streams.has(id)) return;
        stream.queue.push({ payload, isLast: last });
        if (stream.queue.length === 1) sendQueued(id, stream);
      };
      if (body !== undefined) send(body, isLast);
      return {
        send,
        get queuedBytes() {
          return stream.queue.reduce((sum, { payload }) => sum + payload.length, 0);
        },
        cancel() {
          if (!streams.delete(id)) return;
          blocked.delete(id);
          const code = Buffer.alloc(4);
          code.writeUInt32BE(CANCEL);
          write(frame(RST_STREAM, 0, id, code));
        },
      };
    },
    close() {
      isClosed = true;
      socket.destroy();
    },
  };
}

function openSocket(port: number, isEncrypted: boolean): Socket {
  const to = { port, host: "127.0.0.1" };
  if (!isEncrypted) return connect({ ...to, noDelay: true });
  const socket = connectTls({ ...to, ALPNProtocols: ["h2"], rejectUnauthorized: false });
  return socket.setNoDelay();
}

function frame(type: number, flags: number, id: number, payload: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(9 + payload.length);
  bytes.writeUIntBE(payload.length, 0, 3);
  bytes[3] = type;
  bytes[4] = flags;
  bytes.writeUInt32BE(id, 5);
  payload.copy(bytes, 9);
  return bytes;
}

function unpadded(flags: number, payload: Buffer): Buffer {
  return (flags & PADDED) === 0 ? payload : payload.subarray(1, payload.length - (payload[0] ?? 0));
}

function windowUpdate(id: number, increment: number): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(increment);
  return frame(WINDOW_UPDATE, 0, id, payload);
}

/** The preface, no push, a large window for each stream and for the connection (RFC 9113, 3.4 and 6.5.2). */
function preface(): Buffer {
  const settings = Buffer.alloc(12);
  settings.writeUInt16BE(2, 0);
  settings.writeUInt16BE(4, 6);
  settings.writeUInt32BE(WINDOW_BYTES, 8);
  return Buffer.concat([
    Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1"),
    frame(SETTINGS, 0, 0, settings),
    windowUpdate(0, WINDOW_BYTES),
  ]);
}
