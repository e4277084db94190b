import assert from "node:assert/strict";
import { it } from "node:test";
import { makeFolder } from "../wire/process.ts";
import { runQuiet } from "./quiet-examples.ts";

// A short form; `quiet-run.ts` goes on for ten minutes. What is long on a machine that runs other tests is no fault of the
// examples, so that time is left to that one.
const VISITS = 100;
const environment = {
  RUNRPC_DEBUG_BLOCK_MS: "60000",
  RUNRPC_DEBUG_GRACE_MS: "60000",
  RUNRPC_DEBUG_SLOW_MS: "600000",
};

for (const isMachineBusy of [false, true])
  it(`debug mode names nothing of the examples${isMachineBusy ? ", also where other processes have the processors" : ""}`, async (t) => {
    const { named, failures, ...seen } = await runQuiet({
      folder: await makeFolder(t),
      callers: 4,
      maxPauseMs: 10,
      isMachineBusy,
      environment,
      isOver: (calls) => calls >= VISITS,
    });
    t.diagnostic(JSON.stringify(seen));
    assert.deepEqual(failures, []);
    assert.deepEqual(named, []);
  });
