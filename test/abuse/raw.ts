import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { frame, PING, PREFACE, parse, SETTINGS, SETTINGS_ACK } from "../runrpc/server/listener/frames.ts";
import { within } from "./arena.ts";

export type Frame = ReturnType<typeof parse>[number];

/** A connection whose bytes are written by hand. */
export interface RawConnection {
  readonly socket: Socket;
  /** Sends, and waits until the kernel has taken it. Gives false once the server has closed. */
  send(bytes: Buffer | string): Promise<boolean>;
  /** What the server said, the first megabyte of it. */
  received(): Buffer;
  /** Waits until `find` finds something in what was said; undefined when the server ended before. */
  until<T>(find: (received: Buffer) => T | undefined): Promise<T | undefined>;
  /** Resolves when the connection is closed. */
  readonly closed: Promise<void>;
}

const MAX_KEPT = 1 << 20;

/** Opens a connection of its own. It stays open for writing when the server has ended, unless `allowHalfOpen` is false. */
export async function openRaw(port: number, allowHalfOpen = true): Promise<RawConnection> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true, allowHalfOpen });
  socket.on("error", () => {}); // the server may reset it, which is an answer too
  socket.setMaxListeners(0); // who waits for an answer in vain leaves a listener behind
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  let kept = Buffer.alloc(0);
  socket.on("data", (chunk: Buffer) => {
    if (kept.length < MAX_KEPT) kept = Buffer.concat([kept, chunk]);
  });
  await Promise.race([once(socket, "connect"), closed]);
  return {
    socket,
    closed,
    received: () => kept,
    async until(find) {
      for (;;) {
        const found = find(kept);
        if (found !== undefined || socket.destroyed || socket.readableEnded) return found;
        await Promise.race([once(socket, "data"), once(socket, "end"), closed]).catch(() => {}); // a reset
      }
    },
    async send(bytes) {
      if (socket.destroyed || socket.writableEnded) return false;
      if (!socket.write(bytes)) await Promise.race([once(socket, "drain"), closed]).catch(() => {}); // a reset
      return !socket.destroyed && !socket.writableEnded;
    },
  };
}

/** Opens an HTTP/2 connection: preface, settings, and the acknowledgement of the server's. */
export async function openRawHttp2(port: number, settings = SETTINGS): Promise<RawConnection> {
  const connection = await openRaw(port, false);
  await connection.send(Buffer.concat([PREFACE, settings]));
  await untilFrame(connection, ({ type, flags }) => type === 4 && flags === 0);
  await connection.send(SETTINGS_ACK);
  return connection;
}

/** Waits for a frame of the server's; undefined when it ended before. */
export function untilFrame(
  connection: RawConnection,
  is: (frame: Frame) => boolean,
): Promise<Frame | undefined> {
  return connection.until((received) => parse(received).find(is));
}

/** The server has read what was sent before, and the session goes on. */
export async function answersPing(connection: RawConnection, limitMs = 10_000): Promise<void> {
  const data = Buffer.from(`${Math.random()}`.padEnd(8).slice(-8));
  await connection.send(frame(PING, 0, 0, data));
  const answer = await within(limitMs, () =>
    untilFrame(
      connection,
      ({ type, flags, payload }) => type === PING && flags === 1 && payload.equals(data),
    ),
  );
  assert.ok(answer !== undefined, "the session was ended");
}

/** The first line of an HTTP/1.1 answer; empty when there was none. */
export async function statusLineOf(connection: RawConnection): Promise<string> {
  const line = await connection.until((received) => {
    const end = received.indexOf("\r\n");
    return end === -1 ? undefined : received.toString("latin1", 0, end);
  });
  return line ?? "";
}
