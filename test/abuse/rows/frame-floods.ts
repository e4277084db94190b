import assert from "node:assert/strict";
import { frame, PING, request, SETTINGS } from "../../runrpc/server/listener/frames.ts";
import { answersPing, openRawHttp2, type RawConnection } from "../raw.ts";
import type { Arena, Row } from "../row.ts";

/** Frames in one write. */
const BATCH = 2_000;

const HEAD = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/rig.chat.v1.ChatService/Chat"],
  [":authority", "localhost"],
  ["content-type", "application/grpc"],
] as const;

/** Header lists above the limit after which a session must have ended. */
const MAX_STREAMS = 1_000;

interface Flood {
  readonly title: string;
  /** Sent once before. */
  readonly opening?: (key: string) => Buffer;
  /** One frame of it. */
  readonly piece: Buffer;
  /** How it has to end: the server ends the session, or takes it all for next to nothing. */
  readonly ends: "session" | "nothing";
}

const openCall = (key: string): Buffer => request(1, [...HEAD, ["x-api-key", key]], true);

const FLOODS: readonly Flood[] = [
  { title: "PING", piece: frame(PING, 0, 0, Buffer.alloc(8)), ends: "session" },
  { title: "SETTINGS", piece: SETTINGS, ends: "session" },
  { title: "SETTINGS with values", piece: frame(4, 0, 0, Buffer.from([0, 4, 0, 1, 0, 0])), ends: "session" },
  {
    title: "CONTINUATION",
    opening: () => frame(1, 0, 1),
    piece: frame(9, 0, 1, Buffer.alloc(64)),
    ends: "session",
  },
  { title: "empty CONTINUATION", opening: () => frame(1, 0, 1), piece: frame(9, 0, 1), ends: "session" },
  { title: "WINDOW_UPDATE", piece: frame(8, 0, 0, Buffer.from([0, 0, 0, 1])), ends: "nothing" },
  { title: "empty DATA", opening: openCall, piece: frame(0, 0, 1), ends: "session" },
  { title: "padding without DATA", opening: openCall, piece: frame(0, 8, 1, Buffer.of(0)), ends: "session" },
  { title: "PRIORITY", piece: frame(2, 0, 3, Buffer.alloc(5)), ends: "session" },
  { title: "frames of no known type", piece: frame(0xbe, 0, 0, Buffer.alloc(16)), ends: "session" },
  { title: "PRIORITY_UPDATE", piece: frame(0x10, 0, 0, Buffer.from([0, 0, 0, 1, 117])), ends: "session" },
  { title: "RST_STREAM of idle streams", piece: frame(3, 0, 1, Buffer.from([0, 0, 0, 8])), ends: "session" },
];

/** Frames that cost their sender little: each flood ends its session, or costs the others nothing. */
export const frameFloods: Row = {
  name: "frame floods",
  async attack(arena) {
    const server = await arena.serve();
    const count = arena.rounds(1_000_000, 50_000);
    for (const flood of FLOODS) {
      await arena.attempt(`${count} ${flood.title}`, async () => {
        const connection = await openRawHttp2(server.port);
        if (flood.opening !== undefined) await connection.send(flood.opening(server.key));
        const sent = await pour(connection, flood.piece, count);
        if (flood.ends === "session" || sent < count) await connection.closed;
        else await answersPing(connection, 30_000); // all of it was read
        connection.socket.destroy();
      });
    }
    await hpackReferences(arena, server.port);
    if (arena.rounds(1, 0) > 0) {
      arena.notHeldByNode(
        "WINDOW_UPDATE, DATA of streams that are closed, and header lists above twice the limit (as of thousands of HPACK " +
          "references) never end their session, as nghttp2 tells nobody of them; the good client beside them is served",
      );
    }
  },
};

/**
 * A header field of 4 KB that later blocks name in one byte each (the HPACK bomb). Lists up to twice the limit reach the
 * listener, which ends a session that sends them again and again.
 */
async function hpackReferences(arena: Arena, port: number): Promise<void> {
  await arena.attempt("references to a large header field", async () => {
    const connection = await openRawHttp2(port);
    const value = Buffer.alloc(3_900, "a");
    const length = Buffer.from([0x7f, ...integerRest(value.length - 127)]);
    // A literal that both ends remember (RFC 7541, 6.2.1): after it, the byte 0xbe stands for all of it.
    const field = Buffer.concat([Buffer.from([0x40, 1]), Buffer.from("x"), length, value]);
    const fields = request(1, HEAD).subarray(9);
    await connection.send(frame(1, 5, 1, Buffer.concat([fields, field])));
    const block = Buffer.concat([fields, Buffer.alloc(6, 0x80 | 62)]);
    let streams = 0;
    while (streams < MAX_STREAMS && (await connection.send(frame(1, 5, 3 + 2 * streams, block)))) {
      if (++streams % 50 === 0) await answersPing(connection).catch(() => connection.closed);
    }
    connection.socket.destroy();
    assert.ok(streams < MAX_STREAMS, `${streams} lists above the limit were taken`);
  });
}

/** Sends a piece `count` times, or until the server has ended the session. Gives how many were sent. */
async function pour(connection: RawConnection, piece: Buffer, count: number): Promise<number> {
  const batch = Buffer.concat(Array.from({ length: BATCH }, () => piece));
  let sent = 0;
  while (sent < count && (await connection.send(batch))) sent += BATCH;
  return sent;
}

function integerRest(rest: number): number[] {
  return rest < 128 ? [rest] : [(rest & 127) | 128, ...integerRest(rest >> 7)];
}
