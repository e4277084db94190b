import assert from "node:assert/strict";
import { createClient } from "../post.ts";
import type { Row } from "../row.ts";
import { GROWTH_BYTES, PAGE_CACHES_BYTES } from "../subject.ts";

/** Nobody reads standard output: the server serves on, and holds a bounded part of what it would have said. */
export const slowLogWriter: Row = {
  name: "slow log writer",
  lanesAtOnce: true,
  async attack(arena) {
    const server = await arena.serve({
      flags: ["--log-level", "info"],
      growthBytes: GROWTH_BYTES + PAGE_CACHES_BYTES, // each call leaves a row of a kilobyte
    });
    server.child.stdout.pause();
    const client = createClient(server.port, "2");
    const headers = { "content-type": "application/json", "x-api-key": server.key };
    const calls = arena.rounds(60_000, 1_500);
    for (let count = 0; count < calls; count += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          arena.attempt("a call whose line nobody reads", async () => {
            const id = `${count + index}-${"x".repeat(900)}`;
            const answer = await client.post({
              path: "/rig.users.v1.UserService/ListUsers",
              headers: { ...headers, "x-request-id": id },
              body: Buffer.from("{}"),
            });
            assert.equal(answer.code, "ok");
          }),
        ),
      );
    }
    client.close();
    server.child.stdout.resume();
  },
};
