// Several workers as one server: by the real command, over real sockets.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Code, type ConnectError } from "@connectrpc/connect";
import { connect } from "../../../src/runrpc/client.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { runCommand } from "../cli/run-command.ts";
import { checkedByPromtool } from "../metrics/promtool.ts";
import { samplesOf, sumOf } from "../metrics/scrape.ts";
import { databases } from "./databases.ts";
import { openChat } from "./load.ts";
import { makeProject, startWorkers, untilGone } from "./start-workers.ts";

/** Over a connection of its own. */
const get = (url: string) => fetch(url, { headers: { connection: "close" } });

/** Notes which process does the chore, which every call wakes. */
const withChore = `
import { appendFileSync } from "node:fs";
const app = await load();
let wake = () => {};
export default {
  ...app,
  services(parts) {
    wake = parts.chore("notes", async () => (appendFileSync("chore.log", process.pid + "\\n"), false));
    return app.services(parts);
  },
  interceptors: () => [(next) => (request) => (wake(), next(request))],
};`;

for (const database of databases)
  describe(`several workers on ${database.name}`, { skip: database.skip }, () => {
    it("share connections evenly, and are one server: one welcome, one sum of metrics, one keeper of chores, one table of keys", async (t) => {
      const { cwd } = makeProject(withChore);
      const args = await database.args();
      const workers = await startWorkers(["--metrics", ...args], { cwd });
      const { url, key } = workers;
      const noted = async (count: number) => {
        for (const giveUp = AbortSignal.timeout(60_000); ; await new Promise(setImmediate)) {
          const pids = readFileSync(join(cwd, "chore.log"), "utf8").trim().split("\n");
          if (pids.length >= count) return pids;
          assert.ok(!giveUp.aborted, `the chore was done ${pids.length} times, and not ${count}`);
        }
      };
      const clients = Array.from({ length: 4 }, () => connect(url, UserService, { key, retry: false }));
      for (const client of clients) await client.listUsers({});
      await noted(2);
      for (let round = 1; round < 5; round++) {
        for (const client of clients) {
          const { length } = await noted(1);
          await client.listUsers({});
          await noted(length + 1);
        }
      }
      const lines = await workers.until("a line of each call", ({ method }) => method === "ListUsers", 20);
      const by = (number: number) => lines.filter(({ worker }) => worker === number).length;
      assert.deepEqual([by(1), by(2)], [10, 10]);
      const pids = workers.pids();
      assert.equal(pids.length, 2);
      const keepers = new Set(await noted(1));
      assert.equal(keepers.size, 1, "one process does the chore");
      assert.ok(pids.includes(Number([...keepers][0])));
      const welcomes = workers.lines.filter((line) => line.url !== undefined);
      assert.deepEqual(
        welcomes.map((line) => line.workers),
        [2],
      );

      const texts = await Promise.all([1, 2, 3, 4].map(async () => (await get(`${url}/metrics`)).text()));
      for (const text of texts) {
        const samples = samplesOf(text);
        const labels = { rpc_method: "rig.users.v1.UserService/ListUsers" };
        assert.equal(sumOf(samples, "rpc_server_call_duration_seconds_count", labels), 20);
        assert.equal(samples.get("runrpc_workers"), 2);
        assert.equal(samples.get("runrpc_workers_silent"), 0);
      }
      await checkedByPromtool(t, texts[0] ?? "");

      const chats = [await openChat(url, key), await openChat(url, key)];
      const revoked = await runCommand(["keys", "revoke", key.slice(0, 11), ...args], { cwd });
      assert.equal(revoked.code, 0, revoked.stderr);
      assert.deepEqual(await Promise.all(chats.map(({ ended }) => ended)), [
        "Unauthenticated",
        "Unauthenticated",
      ]);
      for (const client of clients) await assert.rejects(client.listUsers({}), /revoked/);
      workers.signal("SIGTERM");
      assert.deepEqual(await workers.ended, [0, null]);
      await untilGone(pids);
      for (const client of clients) client[Symbol.dispose]();
    });
  });

describe("several workers", () => {
  it("drain together: all say at once that they are not ready, and a second signal ends all of them", async () => {
    const args = ["--debug", "--drain-delay-ms", "600000"];
    const workers = await startWorkers(args);
    const { url, key } = workers;
    const chats = [await openChat(url, key), await openChat(url, key)];
    workers.signal("SIGUSR2");
    const [told] = await workers.until("the calls in flight", ({ msg }) => msg === "the calls in flight");
    const inFlight = (told as unknown as { workers: { worker: number; calls: { method: string }[] }[] })
      .workers;
    assert.deepEqual(
      inFlight.map(({ worker, calls }) => [worker, calls.map(({ method }) => method)]).sort(),
      [1, 2].map((worker) => [worker, ["rig.chat.v1.ChatService/Chat"]]),
    );
    assert.equal((await get(`${url}/readyz`)).status, 200);
    const pids = workers.pids();
    workers.signal("SIGTERM");
    await workers.until("it drains", ({ msg }) => msg.startsWith("SIGTERM: still serving"));
    let notReady = 0;
    for (const giveUp = AbortSignal.timeout(60_000); notReady < 6; ) {
      notReady = (await get(`${url}/readyz`)).status === 503 ? notReady + 1 : 0;
      assert.ok(!giveUp.aborted, "a worker says that it is ready");
    }
    workers.signal("SIGINT");
    assert.deepEqual(await workers.ended, [130, null]);
    await untilGone(pids);
    for (const chat of chats) assert.notEqual(await chat.ended, "ok");
    for (const chat of chats) chat.close();
  });

  it("share what a key may do together: each has its part", async () => {
    const workers = await startWorkers(["--max-concurrent-calls-per-key", "2"]);
    const { url, key } = workers;
    const chats = [await openChat(url, key), await openChat(url, key)];
    // Connections go round: one more for each worker.
    for (const place of ["first", "second"]) {
      using client = connect(url, UserService, { key, retry: false });
      await assert.rejects(client.listUsers({}), (error: ConnectError) => {
        assert.equal(error.code, Code.ResourceExhausted, `the ${place} takes it: ${error.message}`);
        return true;
      });
    }
    for (const chat of chats) chat.close();
    workers.signal("SIGTERM");
    assert.deepEqual(await workers.ended, [0, null]);
  });

  it("drain in order, on lane stock as well: calls that last end with UNAVAILABLE when their time is over, and the exit code is 0", async () => {
    const workers = await startWorkers(["--drain-timeout-ms", "300", "--lane", "stock"]);
    const { url, key } = workers;
    const chats = [await openChat(url, key), await openChat(url, key)];
    const pids = workers.pids();
    workers.signal("SIGTERM");
    assert.deepEqual(await Promise.all(chats.map(({ ended }) => ended)), ["Unavailable", "Unavailable"]);
    assert.deepEqual(await workers.ended, [0, null]);
    await untilGone(pids);
    await assert.rejects(get(`${url}/healthz`), "the port is free");
    for (const chat of chats) chat.close();
  });
});
