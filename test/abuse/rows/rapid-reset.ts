import assert from "node:assert/strict";
import { request, reset } from "../../runrpc/server/listener/frames.ts";
import { answersPing, openRawHttp2 } from "../raw.ts";
import type { Row } from "../row.ts";
import type { Subject } from "../subject.ts";

/** Within what the listener lets a connection reset at once. */
const WITHIN = 950;
const CONNECTIONS = 20;

/** Streams that are opened and reset at once (CVE-2023-44487): below the limit they cost little, above it the session ends. */
export const rapidReset: Row = {
  name: "rapid reset",
  async attack(arena) {
    const server = await arena.serve();
    for (let round = 0; round < arena.rounds(5, 1); round++) {
      await arena.attempt(`${CONNECTIONS} connections × ${WITHIN} resets`, async () => {
        const connections = await Promise.all(
          Array.from({ length: CONNECTIONS }, () => openRawHttp2(server.port)),
        );
        await Promise.all(connections.map((connection) => connection.send(resets(server, WITHIN))));
        // What node:http2 counts late it may end the session for (ENHANCE_YOUR_CALM); the others must not feel it.
        const mayEnd = arena.http2 === "node";
        await Promise.all(
          connections.map((each) =>
            mayEnd ? answersPing(each).catch(() => each.closed) : answersPing(each),
          ),
        );
        for (const { socket } of connections) socket.destroy();
      });
      await arena.attempt("a connection that resets without end is ended", async () => {
        const connection = await openRawHttp2(server.port);
        for (let first = 1; await connection.send(resets(server, 1_000, first)); first += 2_000) {
          assert.ok(first < 200_000, "100,000 resets were taken on one connection");
        }
      });
    }
  },
};

/** So many calls of a good key, each reset at once. */
function resets({ key }: Subject, count: number, first = 1): Buffer {
  return Buffer.concat(
    Array.from({ length: count }, (_, index) => {
      const id = first + 2 * index;
      return Buffer.concat([request(id, [...HEAD, ["x-api-key", key]], true), reset(id)]);
    }),
  );
}

const HEAD = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/rig.users.v1.UserService/ListUsers"],
  [":authority", "localhost"],
  ["content-type", "application/grpc"],
] as const;
