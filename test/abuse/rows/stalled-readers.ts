import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import Database from "better-sqlite3";
import { frame, parse, request } from "../../runrpc/server/listener/frames.ts";
import { noMemory } from "../../wire/memory.ts";
import { openRaw, openRawHttp2, type RawConnection } from "../raw.ts";
import type { Row } from "../row.ts";

const READERS = 100;
/** Some 200 bytes each on the wire: 8 MB a stream. */
const USERS = 40_000;
/** What the server may hold for all of them; of answers that are whole when they are begun, more. */
const TAKEN_BYTES = { stream: 64e6, unary: 120e6 };
const DEADLINE_MS = 6_000;
const STREAM = "/rig.users.v1.UserService/StreamUsers";
const LIST = "/rig.users.v1.UserService/ListUsers";

/** Clients that ask for much and read nothing: the server holds little for them, and cuts them at the deadline. */
export const stalledReaders: Row = {
  name: "stalled readers",
  lanesAtOnce: true,
  isWholeOnly: true,
  async attack(arena) {
    const server = await arena.serve({
      witnessMs: 30_000, // V8 collects while it is looked at
      peakBytes: noMemory === false ? 280e6 : Number.POSITIVE_INFINITY,
    });
    addUsers(server.file);
    const ways = [
      ["a stream over HTTP/2", TAKEN_BYTES.stream, (key: string) => overHttp2(server.port, key)],
      [
        "a stream over HTTP/1.1",
        TAKEN_BYTES.stream,
        (key: string) => overHttp1(server.port, key, STREAM, "application/connect+proto", Buffer.alloc(5)),
      ],
      [
        "a unary answer over HTTP/1.1",
        TAKEN_BYTES.unary,
        (key: string) =>
          overHttp1(server.port, key, LIST, "application/json", Buffer.from('{"pageSize":1000}')),
      ],
    ] as const;
    for (let round = 0; round < arena.rounds(3, 1); round++) {
      for (const [title, takenBytes, open] of ways) {
        const before = await server.held();
        const connections = await Promise.all(Array.from({ length: READERS }, () => open(server.key)));
        await arena.attempt(`${READERS} × ${title}: memory`, async () => {
          await delay(DEADLINE_MS / 4); // as much as the sockets take
          const held = (await server.held()) - before;
          assert.ok(held < takenBytes, `${Math.round(held / 1e6)} MB were held`);
        });
        for (const connection of connections) {
          await arena.attempt(`${title}: it is cut at its deadline`, async () => {
            connection.socket.resume();
            await connection.until((said) => (ended(said) ? true : undefined));
            assert.ok(connection.received().length > 0);
          });
          connection.socket.destroy();
        }
      }
    }
  },
};

/** The end of an answer, in good order or not: RST_STREAM, trailers, the last chunk; or more than a socket holds. */
function ended(said: Buffer): boolean {
  if (said.length > 100_000 || said.subarray(-5).toString("latin1") === "0\r\n\r\n") return true;
  if (said.subarray(0, 5).toString("latin1") === "HTTP/") return false;
  return parse(said).some(
    ({ type, flags, streamId }) => streamId === 1 && (type === 3 || (type === 1 && (flags & 1) === 1)),
  );
}

async function overHttp2(port: number, key: string): Promise<RawConnection> {
  const connection = await openRawHttp2(port);
  const fields = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", STREAM],
    [":authority", "a"],
    ["content-type", "application/grpc"],
    ["grpc-timeout", `${DEADLINE_MS}m`],
    ["x-api-key", key],
  ] as const;
  // A window that lets much come, of which nothing is read.
  await connection.send(frame(8, 0, 0, Buffer.from([0x3f, 0, 0, 0])));
  connection.socket.pause();
  const window = frame(8, 0, 1, Buffer.from([0x3f, 0, 0, 0]));
  await connection.send(Buffer.concat([request(1, fields, true), window, frame(0, 1, 1, Buffer.alloc(5))]));
  return connection;
}

async function overHttp1(
  port: number,
  key: string,
  path: string,
  type: string,
  body: Buffer,
): Promise<RawConnection> {
  const connection = await openRaw(port, false);
  connection.socket.pause();
  const head = `POST ${path} HTTP/1.1\r\nhost: a\r\nx-api-key: ${key}\r\ncontent-type: ${type}\r\nconnect-timeout-ms: ${DEADLINE_MS}\r\ncontent-length: ${body.length}\r\n\r\n`;
  await connection.send(Buffer.concat([Buffer.from(head), body]));
  return connection;
}

/** Straight into the table, beside the running server. */
function addUsers(file: string): void {
  const database = new Database(file);
  const insert = database.prepare(
    "INSERT INTO users (id, email, display_name, create_time, update_time) VALUES (?, ?, ?, 0, 0)",
  );
  database.transaction(() => {
    for (let n = 1; n <= USERS; n++) {
      insert.run(
        `10000000-0000-4000-8000-${String(n).padStart(12, "0")}`,
        `${n}@example.com`,
        "x".repeat(100),
      );
    }
  })();
  database.close();
}
