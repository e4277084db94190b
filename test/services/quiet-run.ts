// The examples in debug mode, under load, which has nothing to name: `node --conditions=runrpc-source test/services/quiet-run.ts --minutes 10`; with `--busy`, other
// processes keep all processors busy meanwhile. It ends with 1 when something was named, or a call failed.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { runQuiet } from "./quiet-examples.ts";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "10" },
    callers: { type: "string", default: "8" },
    busy: { type: "boolean", default: false },
  },
});
const minutes = Number(values.minutes);
const callers = Number(values.callers);
if (!(minutes > 0) || !(callers > 0)) throw new Error("--minutes and --callers take numbers above 0");

const folder = await mkdtemp(join(tmpdir(), "runrpc-quiet-"));
try {
  const endAtMs = performance.now() + 60_000 * minutes;
  const isOver = (): boolean => performance.now() >= endAtMs;
  const options = { folder, callers, maxPauseMs: 20, isMachineBusy: values.busy, isOver };
  const { calls, failures, named, machineBusy } = await runQuiet(options);
  console.log(
    `${calls} visits of ${callers} callers in ${minutes} min; the machine was busy: ${machineBusy}`,
  );
  for (const line of named) console.log(`named: ${line}`);
  for (const failure of failures) console.log(`failed: ${failure}`);
  if (named.length + failures.length > 0) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
