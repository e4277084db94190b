import assert from "node:assert/strict";
import type { DescMethod } from "@bufbuild/protobuf";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { LogService } from "../../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { frame, request, reset } from "../../runrpc/server/listener/frames.ts";
import { within } from "../arena.ts";
import { type HandlersSubject, serveHandlers } from "../handlers/start.ts";
import { openRaw, openRawHttp2, type RawConnection } from "../raw.ts";
import { goodRequests } from "../requests.ts";
import type { Arena, Row } from "../row.ts";
import { canCarry, encode, postOf, type Wire, wires } from "../wires.ts";

const methods = [
  UserService.method.getUser,
  UserService.method.streamUsers,
  LogService.method.uploadLogs,
  ChatService.method.chat,
] as const;

/** The deadline of the calls whose client says nothing of its leaving. */
const DEADLINE_MS = 1_500;
/** A peer that stalls is found by then, twice over. */
const PING_MS = 700;
/** What the end of a call may come late on a busy machine. */
const SLACK_MS = 5_000;

/**
 * How a client leaves. `reset`: RST_STREAM, or the TCP reset of HTTP/1.1. `fin`: it ends its side of the connection in
 * good order. `kill`: its socket goes, as when its process is killed. `stall`: it stays and neither reads nor answers.
 */
const WAYS = ["reset", "fin", "kill", "stall"] as const;
type Way = (typeof WAYS)[number];

/** Clients that leave in the middle of a call in every way: the handler hears of it, its call ends, the record says how. */
export const cancelMatrix: Row = {
  name: "cancel matrix",
  lanesAtOnce: true,
  async attack(arena) {
    const server = await serveHandlers(arena, {}, PING_MS);
    const cells = wires
      .filter(({ format }) => format === "proto")
      .flatMap((wire) =>
        methods.filter((method) => canCarry(wire, method)).map((method) => ({ wire, method })),
      );
    for (let round = 0; round < arena.rounds(10, 1); round++) {
      for (const deed of ["listens", "never"]) {
        await Promise.all(
          WAYS.flatMap((way) => cells.map((cell) => leave(arena, server, { ...cell, way, deed, round }))),
        );
      }
    }
  },
};

interface Cell {
  readonly wire: Wire;
  readonly method: DescMethod;
  readonly way: Way;
  readonly deed: string;
  readonly round: number;
}

async function leave(
  arena: Arena,
  server: HandlersSubject,
  { wire, method, way, deed, round }: Cell,
): Promise<void> {
  const title = `${way}, ${wire.title}, ${method.name}, a handler that ${deed}`;
  await arena.attempt(title, async () => {
    const id = `${round}/${way}/${wire.title}/${method.name}/${deed}`.replaceAll(/[^\w./-]/g, "_");
    const timeout =
      wire.protocol === "connect"
        ? ["connect-timeout-ms", `${DEADLINE_MS}`]
        : ["grpc-timeout", `${DEADLINE_MS}m`];
    const json = goodRequests.find((each) => each.method === method)?.json ?? null;
    const post = postOf(wire, method, [encode(wire, method, json)], {
      "x-api-key": server.key,
      "x-request-id": id,
      "x-deed": deed,
      [timeout[0] ?? ""]: timeout[1] ?? "",
    });
    const connection = await begin(server.port, wire, post);
    await server.begun(id);
    await goAway(connection, wire, way);
    const { code, cancelledBy } = await within(DEADLINE_MS + SLACK_MS, () => server.record(id));
    connection.socket.destroy();
    // A client that half-closes an HTTP/1.1 connection may still read; one that stalls says nothing at all.
    const mayBeDeadline = way === "stall" || (way === "fin" && wire.version === "1.1");
    const expected = mayBeDeadline ? /^(deadline_exceeded deadline|canceled client)$/ : /^canceled client$/;
    assert.match(`${code} ${cancelledBy}`, expected);
  });
}

/** Sends a whole request. */
async function begin(port: number, wire: Wire, post: ReturnType<typeof postOf>): Promise<RawConnection> {
  const body = Buffer.from(post.body ?? []);
  const fields = Object.entries(post.headers).map(([name, value]) => [name, String(value)] as const);
  if (wire.version === "2") {
    const connection = await openRawHttp2(port);
    const head = [
      [":method", "POST"],
      [":scheme", "http"],
      [":path", post.path],
      [":authority", "a"],
      ...fields,
    ] as const;
    await connection.send(Buffer.concat([request(1, head, true), frame(0, 1, 1, body)]));
    return connection;
  }
  const connection = await openRaw(port);
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const head = `POST ${post.path} HTTP/1.1\r\nhost: a\r\ncontent-length: ${body.length}\r\n${lines}\r\n`;
  await connection.send(Buffer.concat([Buffer.from(head), body]));
  return connection;
}

async function goAway(connection: RawConnection, wire: Wire, way: Way): Promise<void> {
  switch (way) {
    case "reset":
      if (wire.version === "2") await connection.send(reset(1));
      else connection.socket.resetAndDestroy();
      return;
    case "fin":
      connection.socket.end();
      return;
    case "kill":
      connection.socket.destroy();
      return;
    case "stall":
      connection.socket.pause();
  }
}
