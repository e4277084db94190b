import assert from "node:assert/strict";
import { serveHandlers } from "../handlers/start.ts";
import { createClient } from "../post.ts";
import { requestOfEachKind } from "../requests.ts";
import type { Row } from "../row.ts";
import { GROWTH_BYTES } from "../subject.ts";
import { canCarry, encode, postOf, wires } from "../wires.ts";

/** At one time, over HTTP/2. */
const CALLS = 100;
/** What a handler holds that never ends: its context, of which the adapter's on the stock lane has four lists of headers. */
const HELD_BYTES = 10_000;

/** Handlers that never settle, many at a time: each client has its answer at its deadline, and memory comes back. */
export const neverSettling: Row = {
  name: "handlers that never settle",
  lanesAtOnce: true,
  async attack(arena) {
    const rounds = arena.rounds(6, 1);
    const server = await serveHandlers(arena, {
      growthBytes: GROWTH_BYTES + rounds * wires.length * CALLS * HELD_BYTES,
    });
    const methods = [
      requestOfEachKind.server_streaming,
      requestOfEachKind.client_streaming,
      requestOfEachKind.bidi_streaming,
    ];
    for (let round = 0; round < rounds; round++) {
      for (const wire of arena.some(wires, 3)) {
        const client = createClient(server.port, wire.version);
        const fitting = methods.filter(({ method }) => canCarry(wire, method));
        await Promise.all(
          Array.from({ length: wire.version === "2" ? CALLS : 1 }, (_, index) => {
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
