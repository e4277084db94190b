import { connect, type Socket } from "node:net";
import type { TestContext } from "node:test";
import { GET, PREFACE, request, SETTINGS, SETTINGS_ACK } from "../listener/frames.ts";
import { readBlock, type Table } from "./hpack/read-block.ts";

export { GET, PREFACE, request, SETTINGS, SETTINGS_ACK };

export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly payload: Buffer;
}

export const TYPE = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const POST = [...GET.filter(([name]) => name !== ":method"), [":method", "POST"] as const];

/** A client that writes frames by hand. */
export interface Peer {
  readonly socket: Socket;
  /** All that has come. */
  readonly frames: readonly Frame[];
  /** Sends everything in one packet. */
  write(...parts: readonly Uint8Array[]): void;
  /** The next frame of a type, on a stream where one is named; the frames before it are passed over. */
  next(type: number, id?: number): Promise<Frame>;
  /** Every frame that was written is answered when this settles. */
  sync(): Promise<void>;
  /** The status and headers of a response but for its date, or its trailers; cookies and the like joined by `|`. */
  headers(id: number): Promise<Record<string, string>>;
  /** The same, with the date. */
  datedHeaders(id: number): Promise<Record<string, string>>;
  /** The body of a response, when it has ended with DATA or trailers. */
  body(id: number): Promise<Buffer>;
  /** The code and text of the last GOAWAY, when the server has ended the connection. */
  ended(): Promise<{ readonly code: number; readonly text: string; readonly lastId: number } | undefined>;
}

/** Connects and, unless it is told not to, sends the preface and acknowledges SETTINGS. */
export function openPeer(t: TestContext, port: number, handshake: readonly Buffer[] = HANDSHAKE): Peer {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {}); // the frames before it say what happened
  t.after(() => socket.destroy());
  const peer = peerOn(socket);
  if (handshake.length > 0) peer.write(...handshake);
  return peer;
}

export const HANDSHAKE = [PREFACE, SETTINGS, SETTINGS_ACK];

/** A server that says nothing for so long will not say what is waited for, in milliseconds. */
const SILENT_MS = 30_000;

/** Those of the machine, whatever a test makes of them. */
const { setTimeout, clearTimeout } = globalThis;

export function peerOn(socket: Socket): Peer {
  const frames: Frame[] = [];
  const table: Table = [];
  let rest = Buffer.alloc(0);
  let taken = 0;
  let isClosed = false;
  let wake = Promise.withResolvers<void>();
  let pings = 0;
  const tell = (): void => {
    wake.resolve();
    wake = Promise.withResolvers();
  };
  socket.on("data", (chunk: Buffer) => {
    rest = split(Buffer.concat([rest, chunk]), frames);
    tell();
  });
  const close = (): void => {
    isClosed = true;
    tell();
  };
  /** Resolves when more has come, or the connection has ended. */
  async function more(what: string): Promise<void> {
    const silent = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const come = frames.map(({ type, id }) => `${type} of ${id}`).slice(-20);
      silent.reject(new Error(`${what} does not come, nor anything for ${SILENT_MS} ms after ${come}`));
    }, SILENT_MS);
    try {
      await Promise.race([wake.promise, silent.promise]);
    } finally {
      clearTimeout(timer);
    }
  }
  socket.once("end", () => socket.end());
  socket.once("end", close);
  socket.once("close", close);

  async function next(type: number, id?: number): Promise<Frame> {
    for (;;) {
      for (; taken < frames.length; taken++) {
        const found = frames[taken];
        if (found?.type !== type || (id !== undefined && found.id !== id)) continue;
        taken++;
        return found;
      }
      if (isClosed) throw new Error(`the connection ended before frame ${type} of stream ${id}`);
      await more(`frame ${type} of stream ${id}`);
    }
  }

  async function datedHeaders(id: number): Promise<Record<string, string>> {
    const parts: Buffer[] = [];
    let found = await next(TYPE.HEADERS, id);
    for (;;) {
      parts.push(found.payload);
      if ((found.flags & 4) !== 0) return readBlock(Buffer.concat(parts), table);
      found = await next(TYPE.CONTINUATION, id);
    }
  }

  return {
    socket,
    frames,
    datedHeaders,
    write: (...parts) => void socket.write(Buffer.concat(parts)),
    next,
    async sync() {
      const payload = Buffer.from(`sync${String(++pings).padStart(4, "0")}`);
      socket.write(frame(TYPE.PING, 0, 0, payload));
      for (;;) if ((await next(TYPE.PING)).payload.equals(payload)) return;
    },
    async headers(id) {
      const { date: _date, ...headers } = await datedHeaders(id);
      return headers;
    },
    async body(id) {
      const parts: Buffer[] = [];
      for (let from = 0; ; ) {
        for (; from < frames.length; from++) {
          const found = frames[from];
          if (found?.id !== id) continue;
          if (found.type === TYPE.DATA) parts.push(found.payload);
          if (found.type <= TYPE.HEADERS && (found.flags & 1) !== 0) return Buffer.concat(parts);
        }
        if (isClosed) throw new Error(`the connection ended before the body of stream ${id}`);
        await more(`the body of stream ${id}`);
      }
    },
    async ended() {
      while (!isClosed) await more("the end of the connection");
      const goaway = frames.findLast(({ type }) => type === TYPE.GOAWAY);
      if (goaway === undefined) return undefined;
      const { payload } = goaway;
      return {
        lastId: payload.readUInt32BE(0),
        code: payload.readUInt32BE(4),
        text: payload.toString("latin1", 8),
      };
    },
  };
}

/** Takes whole frames off the front, and gives what is left. */
function split(bytes: Buffer, into: Frame[]): Buffer<ArrayBuffer> {
  let at = 0;
  while (at + 9 <= bytes.length) {
    const end = at + 9 + bytes.readUIntBE(at, 3);
    if (end > bytes.length) break;
    into.push({
      type: bytes.readUInt8(at + 3),
      flags: bytes.readUInt8(at + 4),
      id: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, end),
    });
    at = end;
  }
  return Buffer.from(bytes.subarray(at));
}

export function frame(
  type: number,
  flags: number,
  id: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(id, 5);
  return Buffer.concat([head, payload]);
}

export function data(id: number, bytes: Uint8Array | string | number, isEnd = false): Buffer {
  const payload = typeof bytes === "number" ? Buffer.alloc(bytes, "x") : Buffer.from(bytes);
  return frame(TYPE.DATA, isEnd ? 1 : 0, id, payload);
}

export function reset(id: number, code = 8): Buffer {
  return frame(TYPE.RST_STREAM, 0, id, uint32(code));
}

export function windowUpdate(id: number, bytes: number): Buffer {
  return frame(TYPE.WINDOW_UPDATE, 0, id, uint32(bytes));
}

export function settings(...entries: readonly (readonly [name: number, value: number])[]): Buffer {
  const payload = Buffer.alloc(6 * entries.length);
  for (const [index, [name, value]] of entries.entries()) {
    payload.writeUInt16BE(name, 6 * index);
    payload.writeUInt32BE(value, 6 * index + 2);
  }
  return frame(TYPE.SETTINGS, 0, 0, payload);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
