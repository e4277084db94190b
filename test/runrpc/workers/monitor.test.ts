// What operators are told of several workers by whichever of them is asked, over real sockets.
import assert from "node:assert/strict";
import { it } from "node:test";
import { Code } from "@connectrpc/connect";
import { DebugService } from "../../../gen/runrpc/monitor/v1/debug_pb.ts";
import { MonitorService, type WatchResponse } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { connect } from "../../../src/runrpc/client.ts";
import { UserService } from "../../gen/rig/users/v1/users_pb.ts";
import { openChat } from "./load.ts";
import { kill, makeProject, startWorkers } from "./start-workers.ts";

/** How long a look is waited for that fits, in milliseconds. */
const GIVE_UP_MS = 120_000;

/** One who watches, over a connection of its own. */
function watch(url: string, key: string) {
  const client = connect(url, MonitorService, { key, retry: false });
  const signal = AbortSignal.timeout(GIVE_UP_MS);
  const looks = client
    .watch({ intervalMs: 50, endedCalls: true, recentCalls: 256 }, { signal })
    [Symbol.asyncIterator]();
  const ended: string[] = [];
  return {
    /** The ids of the calls that were told to have ended. */
    ended,
    async until(what: string, fits: (look: WatchResponse) => boolean): Promise<WatchResponse> {
      let last: WatchResponse | undefined;
      try {
        for (;;) {
          const { value, done } = await looks.next();
          if (done === true) assert.fail("the stream ended");
          last = value;
          ended.push(...value.endedCalls.map(({ requestId }) => requestId));
          if (fits(value)) return value;
        }
      } catch (error) {
        const { openCalls, openCallCount, silentWorkers, methods } = last ?? {};
        const told = { openCallCount, silentWorkers, methods, openCalls, ended };
        const shown = JSON.stringify(told, (_, value) => (typeof value === "bigint" ? Number(value) : value));
        assert.fail(`no look had ${what}: ${error}; the last one: ${shown}`);
      }
    },
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

it("one watcher is told of the calls of all workers, and cancels a call wherever it is", async () => {
  const workers = await startWorkers(["--monitor", "--log", "all"]);
  const { url, key } = workers;
  // Connections go round: each worker has one of these, and one of the two that ask.
  const chats = [await openChat(url, key), await openChat(url, key)];
  using one = watch(url, key);
  using other = watch(url, key);
  const look = await one.until("both chats", ({ openCallCount }) => openCallCount === 2);
  assert.deepEqual(
    look.openCalls.map(({ method }) => method),
    ["rig.chat.v1.ChatService/Chat", "rig.chat.v1.ChatService/Chat"],
  );
  const chat = look.methods.find(({ method }) => method === "rig.chat.v1.ChatService/Chat");
  assert.equal(chat?.openCalls, 2);
  assert.equal(look.process?.connections, 4);
  assert.equal(look.serving["rig.chat.v1.ChatService"], true);
  await other.until("both chats", ({ openCallCount }) => openCallCount === 2);

  const ids = Array.from({ length: 6 }, (_, n) => `list-${n}`);
  let busiest = 0;
  for (const id of ids) {
    using client = connect(url, UserService, { key, retry: false });
    await client.listUsers({}, { headers: { "x-request-id": id } });
  }
  const isList = ({ method }: { method: string }) => method === "rig.users.v1.UserService/ListUsers";
  await one.until("the calls of both workers, and their rate", (each) => {
    busiest = Math.max(busiest, each.methods.find(isList)?.callsPerSecond ?? 0);
    return busiest > 0 && ids.every((id) => one.ended.includes(id));
  });
  assert.deepEqual(one.ended.filter((id) => id.startsWith("list-")).sort(), ids, "each is told once");
  const lines = await workers.until("a line of each call", ({ method }) => method === "ListUsers", 6);
  assert.deepEqual(new Set(lines.map(({ worker }) => worker)), new Set([1, 2]));

  using operator = connect(url, MonitorService, { key, retry: false });
  for (const { requestId } of look.openCalls)
    assert.equal((await operator.cancelCall({ requestId })).cancelled, 1);
  await assert.rejects(operator.cancelCall({ requestId: "nobody" }), { code: Code.NotFound });
  assert.deepEqual(await Promise.all(chats.map(({ ended }) => ended)), ["Canceled", "Canceled"]);
  await one.until("no open call", ({ openCallCount }) => openCallCount === 0);
  for (const chat of chats) chat.close();
  workers.signal("SIGTERM");
  assert.deepEqual(await workers.ended, [0, null]);
});

it("a worker that hangs is told of as silent, and one that dies is followed by the one in its place", async () => {
  const workers = await startWorkers(["--monitor", "--log", "all"]);
  const { url, key } = workers;
  const [pid = 0] = workers.pids();
  // Connections go round: one of the two is with the worker that hangs.
  using one = watch(url, key);
  using other = watch(url, key);
  for (const each of [one, other])
    await each.until("a look at both", ({ silentWorkers }) => silentWorkers === 0);
  process.kill(pid, "SIGSTOP");
  const watcher = await Promise.any(
    [one, other].map(async (each) => {
      await each.until("a silent worker", ({ silentWorkers }) => silentWorkers === 1);
      return each;
    }),
  );
  process.kill(pid, "SIGCONT");
  await watcher.until("both again", ({ silentWorkers }) => silentWorkers === 0);
  kill(pid);
  await workers.until("it ended", ({ msg }) => /ended by itself/.test(msg));
  const giveUp = AbortSignal.timeout(GIVE_UP_MS);
  for (let n = 0; ; n++) {
    assert.ok(!giveUp.aborted, "no call came to the worker that took the place of the other");
    using client = connect(url, UserService, { key });
    await client.listUsers({}, { headers: { "x-request-id": `later-${n}` } });
    const by = await workers.until("its line", ({ method }) => method === "ListUsers", n + 1);
    if (new Set(by.map(({ worker }) => worker)).size === 2) break;
  }
  const made = (await workers.until("lines", ({ method }) => method === "ListUsers")).length;
  const later = () => watcher.ended.filter((id) => id.startsWith("later-"));
  await watcher.until("all these calls", () => later().length >= made);
  assert.equal(new Set(later()).size, later().length, "each is told once");
  workers.signal("SIGTERM");
  assert.deepEqual(await workers.ended, [0, null]);
});

/** Reads a file synchronously in each call, which debug mode names. */
const reading = `
import { readFileSync } from "node:fs";
const app = await load();
export default {
  ...app,
  interceptors: () => [(next) => (request) => (readFileSync("package.json"), next(request))],
};`;

it("what debug mode finds in two workers is one finding, whichever is asked, and so are their open calls", async () => {
  const { cwd } = makeProject(reading);
  const workers = await startWorkers(["--debug", "--debug-block-ms", "60000"], { cwd });
  const { url, key } = workers;
  const chats = [await openChat(url, key), await openChat(url, key)];
  const chat = "rig.chat.v1.ChatService/Chat";
  for (let n = 0; n < 2; n++) {
    using client = connect(url, DebugService, { key, retry: false });
    const { calls, silentWorkers } = await client.listOpenCalls({});
    const open = calls.filter(({ method }) => method === chat);
    assert.deepEqual([open.length, silentWorkers], [2, 0]);
    const { findings } = await client.listFindings({});
    const found = findings.filter(({ kind, method }) => kind === "sync_call" && method === chat);
    assert.deepEqual(
      found.map(({ count, text }) => [count, text]),
      [[2n, "fs.readFileSync holds the event loop in a call"]],
    );
  }
  for (const each of chats) each.close();
  workers.signal("SIGTERM");
  assert.deepEqual(await workers.ended, [0, null]);
});
