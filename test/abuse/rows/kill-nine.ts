import assert from "node:assert/strict";
import { rowsOf } from "../../wire/app.ts";
import { makeFolder, serve } from "../../wire/process.ts";
import { createClient } from "../post.ts";
import type { Row } from "../row.ts";

const UPLOADERS = 8;

/**
 * `kill -9` in the middle of writes, over one database: what was acknowledged is there, once, and the file is whole. Half of
 * the fifty kills are on each lane.
 */
export const killNine: Row = {
  name: "kill -9",
  lanesAtOnce: true,
  async attack(arena) {
    const folder = await makeFolder(arena);
    const acknowledged = new Set<string>();
    let key = "";
    for (let round = 0; round < arena.rounds(25, 2); round++) {
      const server = await serve(folder, ...arena.flags, "--log-level", "error");
      arena.after(() => void server.child.kill("SIGKILL"));
      key ||= server.key;
      let left = 5 + arena.random.below(100);
      const upload = async (uploader: number): Promise<void> => {
        const client = createClient(server.port, "2");
        for (let n = 0; ; n++) {
          const line = `${round}.${uploader}.${n}`;
          const { code } = await client.post({
            path: "/rig.logs.v1.LogService/UploadLogs",
            headers: { "content-type": "application/connect+json", "x-api-key": key },
            body: enveloped(JSON.stringify({ entries: [{ message: line }] })),
          });
          if (code !== "ok") break;
          acknowledged.add(line);
          if (--left === 0) server.child.kill("SIGKILL");
        }
        client.close();
      };
      await Promise.all(Array.from({ length: UPLOADERS }, (_, uploader) => upload(uploader)));
      await arena.attempt(`kill ${round}`, async () => {
        assert.equal(await server.exit, "SIGKILL");
        const stored = rowsOf<{ message: string }>(server.file, "SELECT message FROM logs").map(
          ({ message }) => message,
        );
        const there = new Set(stored);
        assert.equal(there.size, stored.length, "a line is there twice");
        assert.deepEqual(
          [...acknowledged].filter((line) => !there.has(line)),
          [],
        );
        const [check] = rowsOf<{ integrity_check: string }>(server.file, "PRAGMA integrity_check");
        assert.equal(check?.integrity_check, "ok");
      });
    }
  },
};

function enveloped(json: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(Buffer.byteLength(json), 1);
  return Buffer.concat([head, Buffer.from(json)]);
}
