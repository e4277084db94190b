import assert from "node:assert/strict";
import inspector from "node:inspector";
import { describe, it } from "node:test";
import { startWatchdog } from "../../../../src/runrpc/debug/watchdog/watchdog.ts";

const PLACES = [
  "before connect",
  "after connect",
  "before Debugger.enable",
  "after Debugger.enable",
  "before Debugger.pause",
  "after Debugger.pause",
  "at Debugger.paused",
  "before Debugger.evaluateOnCallFrame",
  "after Debugger.evaluateOnCallFrame",
  "before Debugger.resume",
  "after Debugger.resume",
  "before disconnect",
  "after disconnect",
] as const;

const guard = new URL("../../../../src/runrpc/debug/watchdog/guard-thread.ts", import.meta.url);

/** Holds this thread for a time. Its length does not matter: a thread that stays stopped never comes back from it. */
function hold(ms: number): void {
  const until = performance.now() + ms;
  for (let n = 0; performance.now() < until; n++) Math.sqrt(n);
}

describe("a watcher that fails while it stops the main thread: that goes on", () => {
  for (const how of ["throw", "reject", "exit", "hang"])
    for (const at of PLACES)
      it(`${how}, ${at}`, async () => {
        const faults: string[] = [];
        const watcher = new URL("./faulty-watcher.ts", import.meta.url);
        watcher.searchParams.set("at", at);
        watcher.searchParams.set("how", how);
        const watchdog = await startWatchdog({
          blockMs: 20,
          currentCall: () => ({ path: "/t.S/Do", requestId: "req-1" }),
          onBlock() {},
          onFault: (text) => faults.push(text),
          threads: { watcher, guard },
          restartMs: 1,
        });
        // Twice: it begins again in between.
        for (let round = 0; round < 2; round++) {
          hold(120);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
        await watchdog.close();
      });
});

it("what a watcher finds after a fault is told as ever", async () => {
  const blocks: string[] = [];
  const watchdog = await startWatchdog({
    blockMs: 20,
    currentCall: () => ({ path: "/t.S/Do", requestId: "req-1" }),
    onBlock: ({ call }) => blocks.push(String(call?.requestId)),
    onFault: (text) => assert.fail(text),
  });
  for (let round = 0; round < 50 && !blocks.includes("req-1"); round++) {
    hold(150);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await watchdog.close();
  assert.ok(blocks.includes("req-1"));
});

it("nobody is stopped while somebody else's debugger may be: its breakpoints are no faults", async () => {
  let blocks = 0;
  const watchdog = await startWatchdog({
    blockMs: 20,
    currentCall: () => undefined,
    onBlock() {
      blocks++;
    },
    onFault: (text) => assert.fail(text),
  });
  inspector.open(0, "127.0.0.1");
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (let round = 0; round < 5; round++) {
    hold(150);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.equal(blocks, 0);
  inspector.close();
  for (let round = 0; round < 50 && blocks === 0; round++) {
    hold(150);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await watchdog.close();
  assert.ok(blocks > 0);
});
