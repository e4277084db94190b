import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { LogService } from "../gen/rig/logs/v1/logs_pb.ts";
import { rowsOf } from "./app.ts";
import { exchange, outcomeOf, transportOf } from "./matrix/calls.ts";
import { makeFolder, type ServeProcess, serve } from "./process.ts";

const { CI = "", RUNRPC_DURABILITY_ROUNDS = CI === "" ? "3" : "10" } = process.env;
const rounds = Number(RUNRPC_DURABILITY_ROUNDS);

/** Uploads at a time: they share commits, so that a kill meets all stages of one. */
const uploaders = 8;

test(`each line of an acknowledged upload is there after kill -9, ${rounds} times over one database`, async (t) => {
  const folder = await makeFolder(t);
  const acknowledged = new Set<string>();
  let key = "";
  let file = "";
  for (let round = 1; round <= rounds; round++) {
    const server = await serve(folder);
    t.after(() => server.child.kill("SIGKILL"));
    key ||= server.key;
    file = server.file;
    const killAfter = randomInt(1, 200);
    const count = await uploadUntilKilled(server, key, `${round}`, killAfter, acknowledged);
    assert.ok(count >= killAfter, `round ${round} ended by itself after ${count} uploads`);
    assert.equal(await server.exit, "SIGKILL");

    const stored = rowsOf<{ message: string }>(file, "SELECT message FROM logs").map(
      ({ message }) => message,
    );
    const all = new Set(stored);
    assert.equal(all.size, stored.length, "no line is there twice");
    const lost = [...acknowledged].filter((line) => !all.has(line));
    assert.deepEqual(lost, [], `lost in round ${round}, killed after ${killAfter} uploads`);
  }
  const [check] = rowsOf<{ integrity_check: string }>(file, "PRAGMA integrity_check");
  assert.equal(check?.integrity_check, "ok");
});

/** Uploads from all uploaders, and kills the server when so many were acknowledged. Gives how many were in all. */
async function uploadUntilKilled(
  server: ServeProcess,
  key: string,
  round: string,
  killAfter: number,
  acknowledged: Set<string>,
): Promise<number> {
  const transport = transportOf({ protocol: "grpc", httpVersion: "2" }, server.url);
  let count = 0;
  async function upload(uploader: number): Promise<void> {
    for (let n = 0; ; n++) {
      const lines = Array.from(
        { length: randomInt(1, 40) },
        (_, line) => `${round}.${uploader}.${n}.${line}`,
      );
      const requests = lines.map((message) => ({ entries: [{ message }] }));
      const headers = { "x-api-key": key };
      const { messages, error } = await outcomeOf(
        exchange(transport, LogService.method.uploadLogs, requests, { headers }),
      );
      if (error !== undefined) return;
      const [answer] = messages as unknown as [{ logsReceived: bigint }]; // UploadLogs answers with this
      assert.equal(answer.logsReceived, BigInt(lines.length));
      for (const line of lines) acknowledged.add(line);
      if (++count === killAfter) server.child.kill("SIGKILL");
    }
  }
  await Promise.all(Array.from({ length: uploaders }, (_, uploader) => upload(uploader)));
  return count;
}
