import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openBatch } from "../../../../src/runrpc/data/sqlite/batch.ts";
import { openDatabase } from "../../../../src/runrpc/data/sqlite/open-database.ts";
import { createQueryRunner } from "../../../../src/runrpc/data/sqlite/query-runner.ts";
import { createWrites } from "../../../../src/runrpc/data/sqlite/run-writes.ts";
import { batchesInFlight, type FromWorker } from "../../../../src/runrpc/data/sqlite/thread-protocol.ts";
import { migrations, openTestStore, tempDirectory } from "../fixture/open.ts";
import { write } from "../fixture/queries.ts";

const writer = fileURLToPath(new URL("../fixture/write-until-killed.ts", import.meta.url));

async function killAfter(acknowledged: number, file: string, round: number): Promise<string[]> {
  const child = spawn(process.execPath, [writer, file, String(round)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
    if (output.split("\n").length > acknowledged) child.kill("SIGKILL");
  });
  await once(child, "close");
  return output.split("\n").slice(0, -1);
}

test("every acknowledged write is there after kill -9", async (t) => {
  const file = join(await tempDirectory(t), "db.sqlite");
  const acknowledged: string[] = [];
  for (let round = 0; round < 4; round++) {
    acknowledged.push(...(await killAfter(100 + 300 * round, file, round)));
    const store = await openTestStore(t, { file, readers: 1 });
    const there = new Set(await store.queries.items.listNames());
    await store.close();
    assert.deepStrictEqual(
      acknowledged.filter((name) => !there.has(name)),
      [],
    );
  }
  assert.ok(acknowledged.length > 2_000, `only ${acknowledged.length} writes were seen`);
});

test("writes that share a commit all fail when the disk is full, and none of them is there", async (t) => {
  const runner = createQueryRunner();
  const maxBatchCalls = 4;
  const tickets = new SharedArrayBuffer(4 * batchesInFlight * maxBatchCalls);
  const database = openDatabase(
    {
      role: "writer",
      file: join(await tempDirectory(t), "db.sqlite"),
      migrations: [{ journal: "migrations", folder: fileURLToPath(migrations) }],
      busyTimeoutMs: 100,
      maxBatchCalls,
      tickets,
    },
    runner.guardStatement,
  );
  t.after(() => database.client.close());
  const run = createWrites(database, runner, () => ({ name: "items.insertName", run: write.insertName }));
  const batch = async (names: readonly string[]) => {
    const answers: FromWorker[] = [];
    new Int32Array(tickets).fill(0);
    const message = [0, ...names.flatMap((name) => [0, name])];
    await run(openBatch(message, new Int32Array(tickets), maxBatchCalls, (answer) => answers.push(answer)));
    return JSON.stringify(answers);
  };
  const pages = database.client.pragma("page_count", { simple: true });
  database.client.pragma(`max_page_count = ${pages}`);
  assert.match(await batch(["small", "x".repeat(100_000)]), /resource_exhausted.*SQLITE_FULL/);
  const count = database.client.prepare("SELECT count(*) FROM items").pluck();
  const afterFull = count.get();
  database.client.pragma("max_page_count = 100000");
  assert.doesNotMatch(await batch(["later"]), /SQLITE/);
  assert.deepStrictEqual(
    [afterFull === 0 || afterFull === 1, Number(count.get()) - Number(afterFull)],
    [true, 1],
  );
});
