import assert from "node:assert/strict";
import { createClient } from "../post.ts";
import { goodRequests } from "../requests.ts";
import type { Row } from "../row.ts";
import { GROWTH_BYTES, PAGE_CACHES_BYTES } from "../subject.ts";
import { canCarry, encode, postOf, wires } from "../wires.ts";

const CLIENTS = 12;
/** Calls of a connection, after which its client leaves and another comes. */
const CALLS_EACH = 100;

/** Good calls of every kind over every protocol for a while, clients that come and go: all answered, and memory stays. */
export const soak: Row = {
  name: "soak",
  lanesAtOnce: true,
  async attack(arena) {
    const server = await arena.serve({
      flags: ["--log", "errors"],
      growthBytes: GROWTH_BYTES + PAGE_CACHES_BYTES,
    });
    const endMs = performance.now() + arena.rounds(60_000, 2_500);
    const work = async (first: number): Promise<void> => {
      for (let n = first; performance.now() < endMs; n++) {
        const wire = wires[n % wires.length];
        if (wire === undefined) return;
        const client = createClient(server.port, wire.version);
        const fitting = goodRequests.filter(({ method }) => canCarry(wire, method));
        for (let count = 0; count < CALLS_EACH && performance.now() < endMs; count++) {
          const { method, json } = fitting[count % fitting.length] as (typeof fitting)[number]; // of a list that is not empty
          await arena.attempt(`${method.name}, ${wire.title}`, async () => {
            const { code, message } = await client.post(
              postOf(wire, method, [encode(wire, method, json)], { "x-api-key": server.key }),
            );
            assert.equal(code, "ok", message);
          });
        }
        client.close();
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, index) => work(index)));
  },
};
