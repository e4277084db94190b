import assert from "node:assert/strict";
import type { DescMethod } from "@bufbuild/protobuf";
import { ChatService } from "../../gen/rig/chat/v1/chat_pb.ts";
import { LogService } from "../../gen/rig/logs/v1/logs_pb.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { deeds } from "../handlers/deeds.ts";
import { serveHandlers } from "../handlers/start.ts";
import { createClient } from "../post.ts";
import { goodRequests } from "../requests.ts";
import type { Row } from "../row.ts";
import { canCarry, encode, postOf, wires } from "../wires.ts";

const methods = [
  UserService.method.getUser,
  UserService.method.streamUsers,
  LogService.method.uploadLogs,
  ChatService.method.chat,
] as const;

/** What a deed's caller may be told; `internal` is what a handler's fault is. */
const OTHERWISE: Readonly<Record<string, RegExp>> = {
  good: /^ok$/,
  never: /^deadline_exceeded$/,
  listens: /^deadline_exceeded$/,
  "throws a lone surrogate": /^aborted$/,
  "throws a megabyte": /^aborted$/,
  "a thenable": /^ok$/,
  "return throws": /^deadline_exceeded$/,
  "return gives no promise": /^deadline_exceeded$/,
  "return never ends": /^deadline_exceeded$/,
  "finally throws": /^deadline_exceeded$/,
  "yields without end": /^deadline_exceeded$/,
  "leaves a rejection behind": /^ok$/,
  "sets headers of the protocol": /^ok$/,
  "leaves a timer that throws": /^ok$/,
};

/** Handlers that do what no handler may: each costs its one call, whose record says what its client was told. */
export const faultyHandlers: Row = {
  name: "faulty handlers",
  lanesAtOnce: true,
  async attack(arena) {
    const server = await serveHandlers(arena, {});
    for (let round = 0; round < arena.rounds(3, 1); round++) {
      for (const name of arena.some(Object.keys(deeds), 12)) {
        const cells = wires.flatMap((wire) =>
          methods.filter((method) => canCarry(wire, method)).map((method) => [wire, method] as const),
        );
        await Promise.all(
          cells.map(([wire, method]) => {
            const title = `${name}, ${wire.title}, ${method.name}`;
            return arena.attempt(title, async () => {
              const client = createClient(server.port, wire.version);
              const id = `${round}/${title}`.replaceAll(/[^\w./-]/g, "_");
              const timeout =
                wire.protocol === "connect" ? { "connect-timeout-ms": "700" } : { "grpc-timeout": "700m" };
              const headers = { "x-api-key": server.key, "x-deed": name, "x-request-id": id, ...timeout };
              const answer = await client.post(postOf(wire, method, [goodMessage(wire, method)], headers));
              client.close();
              assert.match(answer.code, OTHERWISE[name] ?? /^internal$/, answer.message);
              assert.doesNotMatch(answer.message, /boom/, "what a handler throws is not for its client");
              assert.equal((await server.record(id)).code, answer.code, "the record");
            });
          }),
        );
      }
    }
  },
};

function goodMessage(wire: (typeof wires)[number], method: DescMethod): Buffer {
  const known = goodRequests.find((each) => each.method === method);
  return encode(wire, method, known?.json ?? null);
}
