import assert from "node:assert/strict";
import { requestLogOf } from "../../wire/app.ts";
import { within } from "../arena.ts";
import { createClient, type HttpVersion } from "../post.ts";
import type { Row } from "../row.ts";

const CLIENTS = 16;
const DRAIN_MS = 5_000;

/** SIGTERM while clients that keep their connections call all the time: what was taken is answered, and recorded so. */
export const drainUnderLoad: Row = {
  name: "drain under load",
  lanesAtOnce: true,
  async attack(arena) {
    for (let round = 0; round < arena.rounds(10, 1); round++) {
      const server = await arena.serve({ witnessMs: false, flags: ["--drain-timeout-ms", `${DRAIN_MS}`] });
      const told = new Map<string, string>();
      let isDraining = false;
      const work = async (name: string, version: HttpVersion): Promise<void> => {
        const client = createClient(server.port, version);
        for (let n = 0; ; n++) {
          const id = `${name}-${n}`;
          const { code } = await client.post({
            path: "/rig.users.v1.UserService/ListUsers",
            headers: { "content-type": "application/json", "x-api-key": server.key, "x-request-id": id },
            body: Buffer.from("{}"),
          });
          told.set(id, code);
          // Refused with its connection: the server has stopped listening.
          if (code === "none" || (isDraining && code !== "ok")) break;
        }
        client.close();
      };
      const clients = Array.from({ length: CLIENTS }, (_, index) =>
        work(`${index}`, index % 2 === 0 ? "2" : "1.1"),
      );
      while (told.size < 300) await new Promise(setImmediate);
      isDraining = true;
      server.child.kill("SIGTERM");
      const status = await server.exit;
      await arena.attempt("it drains", () => assert.equal(status, 0));
      await arena.attempt("the clients have their answers", () =>
        within(DRAIN_MS, () => Promise.all(clients)),
      );
      const rows = new Map(requestLogOf(server.file).map((row) => [row.requestId, row.code]));
      await arena.attempt("no call that was taken fails", () => {
        assert.deepEqual(
          [...rows].filter(([, code]) => code !== "ok"),
          [],
        );
      });
      for (const [id, code] of told) {
        const seen = rows.get(id);
        await arena.attempt("the client and the record say the same", () => {
          if (seen === undefined) assert.notEqual(code, "ok", `${id} was answered and has no record`);
          else assert.equal(seen, code, id);
        });
      }
    }
  },
};
