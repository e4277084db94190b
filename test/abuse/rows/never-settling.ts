import assert from "node:assert/strict";
import { serveHandlers } from "../handlers/start.ts";
import { createClient } from "../post.ts";
import { requestOfEachKind } from "../requests.ts";
import type { Row } from "../row.ts";
import { canCarry, encode, postOf, wires } from "../wires.ts";

const CALLS = 200;

/** Handlers that never settle, many at a time: each client has its answer at its deadline, and memory comes back. */
export const neverSettling: Row = {
  name: "handlers that never settle",
  mostlyWaits: true,
  async attack(arena) {
    const server = await serveHandlers(arena, {});
    const methods = [
      requestOfEachKind.server_streaming,
      requestOfEachKind.client_streaming,
      requestOfEachKind.bidi_streaming,
    ];
    for (let round = 0; round < arena.rounds(10, 1); round++) {
      for (const wire of arena.some(wires, 3)) {
        const client = createClient(server.port, wire.version);
        const fitting = methods.filter(({ method }) => canCarry(wire, method));
        await Promise.all(
          Array.from({ length: wire.version === "2" ? CALLS / 2 : 1 }, (_, index) => {
            const { method, json } = fitting[index % fitting.length] ?? requestOfEachKind.server_streaming;
            return arena.attempt(`${wire.title}, ${method.name}`, async () => {
              const timeout =
                wire.protocol === "connect" ? { "connect-timeout-ms": "300" } : { "grpc-timeout": "300m" };
              const headers = { "x-api-key": server.key, "x-deed": "never", ...timeout };
              const { code } = await client.post(postOf(wire, method, [encode(wire, method, json)], headers));
              assert.equal(code, "deadline_exceeded");
            });
          }),
        );
        client.close();
      }
    }
  },
};
