// What becomes of calls and processes when a worker or the primary dies, and when none can start.
import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import { runCommand } from "../cli/run-command.ts";
import { scrapeUntil, sumOf } from "../metrics/scrape.ts";
import { databases } from "./databases.ts";
import { openChat, startLoad, startVisitors } from "./load.ts";
import { kill, makeProject, startWorkers, untilGone } from "./start-workers.ts";

/** How often a worker is killed under load: `RUNRPC_TEST_ROUNDS=50 npm test -- test/runrpc/workers/deaths.test.ts`. */
const rounds = Number(process.env.RUNRPC_TEST_ROUNDS ?? 1);

for (const database of databases)
  describe(`workers on ${database.name}`, { skip: database.skip }, () => {
    it("come back when they are killed under load: others go on, no call is left without an end", async () => {
      const workers = await startWorkers(["--metrics", "--log", "off", ...(await database.args())]);
      const { url, key } = workers;
      {
        await using visitors = startVisitors(url, 4);
        await using load = startLoad(url, { key, count: 4 });
        for (let round = 1; round <= rounds; round++) {
          await load.more(3);
          const [victim = 0, survivor = 0] = round % 2 === 0 ? workers.pids() : [...workers.pids()].reverse();
          kill(victim);
          await workers.until("its end is told", ({ msg }) => / ended by itself: another/.test(msg), round);
          await load.more(3);
          assert.ok(workers.pids().includes(survivor));
          await scrapeUntil(
            url,
            "two workers again",
            (samples) =>
              sumOf(samples, "runrpc_workers") === 2 &&
              sumOf(samples, "runrpc_worker_restarts_total") === round,
          );
          assert.ok(!workers.pids().includes(victim));
        }
        assert.deepEqual(
          load.failures.filter((failure) => !failure.startsWith("UNAVAILABLE")),
          [],
        );
        assert.ok(load.failures.length <= 4 * rounds, `${load.failures.length} calls failed`);
        assert.ok(!visitors.outcomes.includes("TimeoutError"), "a connection was lost on its way");
      }
      const chats = [await openChat(url, key), await openChat(url, key)];
      const pids = workers.pids();
      kill(workers.primary);
      assert.deepEqual(await Promise.all(chats.map(({ ended }) => ended)), ["Unavailable", "Unavailable"]);
      await untilGone(pids);
      await assert.rejects(fetch(`${url}/healthz`), "the port is free");
      for (const chat of chats) chat.close();
    });
  });

test("workers that die at their start five times in a row end the start, as does one that says why it cannot", async () => {
  const args = ["serve", "--port", "0", "--host", "127.0.0.1", "--workers", "2"];
  const run = (worker: string) =>
    runCommand(args, { cwd: makeProject(`if (process.send) ${worker};\nexport default await load();`).cwd });
  const dying = await run("process.exit(3)");
  assert.equal(dying.code, 1);
  assert.match(dying.stderr, /^error: workers died at their start 5 times in a row.*\(code 3\)/m);
  const told = await run('throw new Error("the moon is full")');
  assert.deepEqual([told.code, told.stderr], [1, "error: the moon is full\n"]);
});
