// What becomes of calls and processes when a worker or the primary dies, and when none can start.
import assert from "node:assert/strict";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, describe, it, test } from "node:test";
import { connect } from "../../../src/runrpc/client.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { runCommand, startCommand } from "../cli/run-command.ts";
import { scrapeUntil, sumOf } from "../metrics/scrape.ts";
import { databases } from "./databases.ts";
import { openChat, startLoad, startVisitors } from "./load.ts";
import { kill, makeProject, pidsOf, startWorkers, untilGone } from "./start-workers.ts";

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

test("a worker that is stopped under load is ended: its calls end with UNAVAILABLE, the others go on, another takes its place", async () => {
  const workers = await startWorkers(["--workers-max-still-ms", "3000", "--log", "off"]);
  await using load = startLoad(workers.url, { key: workers.key, count: 4 });
  await load.more(3);
  const [victim = 0] = workers.pids();
  process.kill(victim, "SIGSTOP");
  await workers.until(
    "it is told",
    ({ msg, pid }) => pid === victim && /not turned for 3000 ms \(workers\.max_still_ms\)/.test(msg),
  );
  await load.more(3);
  await untilGone([victim]);
  assert.notEqual(load.failures.length, 0);
  assert.deepEqual(
    load.failures.filter((failure) => !failure.startsWith("UNAVAILABLE")),
    [],
  );
});

test("a worker whose loop is held does not outlive the primary", async () => {
  const { cwd } = makeProject(`
    const hold = () => { console.error("it is held"); for (;;); };
    export default { ...(await load()), interceptors: () => [() => hold] };`);
  const workers = await startWorkers(["--log", "off"], { cwd });
  using client = connect(workers.url, UserService, { key: workers.key, retry: false });
  const held = assert.rejects(client.listUsers({}));
  await workers.until("a call holds it", ({ msg }) => msg === "it is held");
  const pids = workers.pids();
  assert.equal(pids.length, 2);
  kill(workers.primary);
  await untilGone(pids);
  await held;
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

test("while another serves, a worker that cannot start is tried on, and serves once it can", async () => {
  const { cwd } = makeProject(`
    import { existsSync } from "node:fs";
    if (process.send && existsSync("broken")) process.exit(3);
    export default await load();`);
  const workers = await startWorkers(["--metrics"], { cwd });
  writeFileSync(join(cwd, "broken"), "");
  kill(workers.pids()[0] ?? 0);
  // More often than where none serves.
  await workers.until("its starts fail", ({ msg }) => msg.startsWith("a worker did not start: "), 6);
  assert.equal((await fetch(`${workers.url}/healthz`)).status, 200);
  rmSync(join(cwd, "broken"));
  await scrapeUntil(workers.url, "two workers again", (samples) => sumOf(samples, "runrpc_workers") === 2);
});

test("a start in which a worker hangs is given up at SIGTERM, and leaves no process", async () => {
  const { cwd } = makeProject(`
    if (process.send) { console.error("it hangs"); for (;;); }
    export default await load();`);
  const child = startCommand(["serve", "--port", "0", "--host", "127.0.0.1", "--workers", "2"], { cwd });
  after(() => child.kill("SIGKILL"));
  const ended = once(child, "exit");
  let said = 0;
  for await (const line of createInterface({ input: child.stderr }))
    if (line === "it hangs" && ++said === 2) break;
  const pids = pidsOf(child.pid ?? 0);
  assert.equal(pids.length, 2);
  child.kill("SIGTERM");
  assert.deepEqual(await ended, [0, null]);
  await untilGone(pids);
});
