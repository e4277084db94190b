import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { unlinkSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Batch, openBatch } from "../../../../src/runrpc/data/sqlite/batch.ts";
import type { Gathering } from "../../../../src/runrpc/data/sqlite/gather-writes.ts";
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

/** A writer, without a thread, that runs each list of names as a batch; all of one call in one transaction. */
async function openWriter(t: TestContext) {
  const runner = createQueryRunner();
  const maxBatchCalls = 4;
  const tickets = new SharedArrayBuffer(4 * (batchesInFlight + 1) * maxBatchCalls);
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
  const later: Batch[] = [];
  const gathering: Gathering = { begin() {}, next: () => later.shift(), end() {} };
  const find = () => ({ name: "items.insertName", run: write.insertName });
  const run = createWrites(database, runner, find, gathering);
  return {
    client: database.client,
    async insert(...lists: (readonly string[])[]): Promise<readonly FromWorker[]> {
      const answers: FromWorker[] = [];
      new Int32Array(tickets).fill(0);
      const [first, ...others] = lists.map((names, slot) => {
        const message = [slot, ...names.flatMap((name) => [0, name])];
        return openBatch(message, new Int32Array(tickets), maxBatchCalls, (answer) => answers.push(answer));
      });
      assert.ok(first !== undefined);
      later.push(...others);
      await run(first);
      return answers;
    },
  };
}

test("writes that share a commit all fail when the disk is full, and none of them is there", async (t) => {
  const { client, insert } = await openWriter(t);
  const pages = client.pragma("page_count", { simple: true });
  client.pragma(`max_page_count = ${pages}`);
  const full = await insert(["small", "x".repeat(100_000)]);
  assert.match(JSON.stringify(full), /resource_exhausted.*SQLITE_FULL/);
  const count = client.prepare("SELECT count(*) FROM items").pluck();
  const afterFull = count.get();
  client.pragma("max_page_count = 100000");
  assert.doesNotMatch(JSON.stringify(await insert(["later"])), /SQLITE/);
  assert.deepStrictEqual(
    [afterFull === 0 || afterFull === 1, Number(count.get()) - Number(afterFull)],
    [true, 1],
  );
});

test("batches that share a commit all fail when the file turns out to be gone after it", async (t) => {
  const { client, insert } = await openWriter(t);
  await insert(["before"]);
  unlinkSync(client.name);
  const answers = JSON.stringify(await insert(["a", "b"], ["c"]));
  assert.equal(answers.split("SQLITE_READONLY_DBMOVED").length - 1, 3);
});

test("batches that share a commit are answered in their order, each with its slot, and the last one ends the commit", async (t) => {
  const { client, insert } = await openWriter(t);
  const answers = await insert(["a", "b"], ["a"], ["c"]);
  const shape = answers.map((answer) => (Array.isArray(answer) ? [answer[0], answer[1], answer.length] : []));
  assert.deepEqual(shape, [
    [0, 2, 8],
    [1, 2, 5],
    [2, 1, 5],
  ]);
  assert.match(JSON.stringify(answers[1]), /already_exists/);
  const names = client.prepare("SELECT name FROM items ORDER BY id").pluck().all();
  assert.deepEqual(names, ["a", "b", "c"]);
});
