import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { connectDebugger, type Debugger } from "./debugger.ts";
import { createCaller } from "./faults/caller.ts";
import { type FaultyServer, lineOf, startFaultyServer } from "./faults/process.ts";

/** Longer than the watchdog's guard lets anybody but a debugger stop the main thread, in milliseconds. */
const STOPPED_MS = 1_500;

describe("with a debugger attached, breakpoints work beside debug mode", () => {
  for (const [when, flag, open] of [
    ["from the start", "--inspect=127.0.0.1:0", () => {}],
    [
      "to a running server, by SIGUSR1",
      "--inspect-port=127.0.0.1:0",
      ({ child }: FaultyServer) => child.kill("SIGUSR1"),
    ],
  ] as const)
    it(when, async (t) => {
      const server = await startFaultyServer("auto", { flags: [flag] });
      t.after(() => server.child.kill("SIGKILL"));
      const { call, callUntilOutlived } = createCaller(server);
      open(server);
      const inspector = await connectDebugger(await server.debuggerUrl);
      t.after(inspector.close);
      await inspector.ask("Runtime.enable");
      await inspector.ask("Debugger.enable");
      await setBreakpoint(inspector, lineOf("breakpoint"));

      for (let round = 0; round < 2; round++) {
        const answered = call("ListUsers", { "x-deed": "breakpoint" });
        const paused = await inspector.event("Debugger.paused");
        assert.equal((paused.hitBreakpoints as unknown[]).length, 1);
        const [top] = paused.callFrames as readonly { callFrameId: string; functionName: string }[];
        const { result } = await inspector.ask("Debugger.evaluateOnCallFrame", {
          callFrameId: top?.callFrameId,
          expression: "marked",
        });
        assert.equal((result as { value: unknown }).value, "here");
        await delay(STOPPED_MS);
        assert.equal(inspector.count("Debugger.resumed"), round, "somebody else let it go");
        await inspector.ask("Debugger.resume");
        await answered;
        await inspector.event("Debugger.resumed");
        // Debug mode asks V8 for a line meanwhile, by a session of its own.
        if (round === 0) await callUntilOutlived("ListUsers");
      }
      assert.equal(inspector.count("Debugger.paused"), 2);
      assert.ok(!server.lines.some(({ finding }) => finding === "loop_held"), server.said());
    });
});

/** V8 may not know all scripts of a busy process yet: a debugger's user would try again. */
async function setBreakpoint(inspector: Debugger, at: string): Promise<void> {
  const [file, line] = at.split(":");
  for (let tries = 0; tries < 100; tries++) {
    const { breakpointId, locations } = await inspector.ask("Debugger.setBreakpointByUrl", {
      urlRegex: `${file}$`,
      lineNumber: Number(line) - 1,
    });
    if ((locations as readonly unknown[]).length === 1) return;
    await inspector.ask("Debugger.removeBreakpoint", { breakpointId });
    await delay(100);
  }
  assert.fail(`there is no place for a breakpoint at ${at}`);
}
