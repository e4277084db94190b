import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { frame, request } from "../../runrpc/server/listener/frames.ts";
import { envelope } from "../../wire/envelope.ts";
import { noMemory } from "../../wire/memory.ts";
import { openRaw, openRawHttp2, type RawConnection, untilFrame } from "../raw.ts";
import type { Arena, Row } from "../row.ts";
import type { Subject } from "../subject.ts";

const CONNECTIONS = 20;
/** What one sends when it is let. */
const UPLOAD_BYTES = 32 << 20;
/** What the server may read of each upload that it has refused on its head. */
const READ_BYTES = 1 << 20;
const PATH = "/rig.logs.v1.LogService/UploadLogs";
const HEAD = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", PATH],
  [":authority", "localhost"],
  ["content-type", "application/grpc"],
] as const;
const BLOCK = envelope(Buffer.alloc(65_536 - 5));
const CHUNK = Buffer.concat([Buffer.from("10000\r\n"), BLOCK, Buffer.from("\r\n")]);

/** Uploads without a key: refused on the head, and next to nothing of the body is read. */
export const keylessUploads: Row = {
  name: "keyless uploads",
  lanesAtOnce: true,
  async attack(arena) {
    const server = await arena.serve({});
    for (let round = 0; round < arena.rounds(5, 1); round++) {
      await refuse(arena, server, "HTTP/1.1, counted", (port) => overHttp1(port, false));
      await refuse(arena, server, "HTTP/1.1, in chunks", (port) => overHttp1(port, true));
      await refuse(arena, server, "HTTP/2", overHttp2);
    }
  },
};

/** Uploads on many connections at a time, each of which must be refused, and looks at what the server read of all. */
async function refuse(
  arena: Arena,
  server: Subject,
  title: string,
  upload: (port: number) => Promise<void>,
): Promise<void> {
  const before = await bytesReadBy(server);
  const uploads = Array.from({ length: CONNECTIONS }, () => arena.attempt(title, () => upload(server.port)));
  await Promise.all(uploads);
  await arena.attempt(`${title}: what was read`, async () => {
    const read = (await bytesReadBy(server)) - before;
    assert.ok(read <= CONNECTIONS * READ_BYTES, `${read} bytes of ${CONNECTIONS} refused uploads were read`);
  });
}

async function overHttp1(port: number, isChunked: boolean): Promise<void> {
  const connection = await openRaw(port, false);
  const length = isChunked ? "transfer-encoding: chunked" : `content-length: ${UPLOAD_BYTES}`;
  const head = `POST ${PATH} HTTP/1.1\r\nhost: a\r\ncontent-type: application/connect+proto\r\n${length}\r\n\r\n`;
  await connection.send(head);
  await send(connection, isChunked ? CHUNK : BLOCK);
  assert.match(connection.received().toString("latin1"), /unauthenticated|^HTTP\/1.1 401 /);
}

async function overHttp2(port: number): Promise<void> {
  const connection = await openRawHttp2(port);
  await connection.send(request(1, HEAD, true));
  const answer = await untilFrame(connection, ({ type, streamId }) => streamId === 1 && type === 1);
  assert.ok(answer !== undefined);
  // What the window of a stream lets a client send ahead; whoever sends more is a flood of frames, which has its row.
  const piece = frame(0, 0, 1, Buffer.alloc(16_384));
  for (let count = 0; count < 16; count++) await connection.send(piece);
  connection.socket.destroy();
}

async function send(connection: RawConnection, piece: Buffer): Promise<void> {
  while (connection.socket.bytesWritten < UPLOAD_BYTES && (await connection.send(piece))) {}
  connection.socket.destroy();
}

/** Bytes that the process has read from files and sockets (proc(5), /proc/pid/io). */
async function bytesReadBy({ child }: Subject): Promise<number> {
  if (noMemory) return 0;
  const io = await readFile(`/proc/${child.pid}/io`, "utf8");
  return Number(/^rchar: (\d+)$/m.exec(io)?.[1]);
}
