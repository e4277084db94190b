import { writeSync } from "node:fs";
import { createInterface } from "node:readline";

/** Answers to the lines that the benchmark sends. */
export type Commands = Readonly<Record<string, () => unknown>>;

/**
 * The control line of a server under test, beside its measured port: commands come in on standard input, answers leave
 * as JSON lines on descriptor 3, the first of them (`ready`) when the server listens. `stats` gives the CPU time of all
 * threads and the resident memory, after a collection when `gc` is asked for. The process ends with its input.
 */
export function serveControl(ready: Readonly<Record<string, unknown>>, commands: Commands = {}): void {
  const all: Commands = { stats, gc, ...commands };
  const answer = (value: unknown): void => {
    try {
      writeSync(3, `${JSON.stringify(value)}\n`);
    } catch {
      // Nobody reads any more: the benchmark has gone.
      process.exit(1);
    }
  };
  const lines = createInterface({ input: process.stdin });
  lines.on("line", async (line) => answer((await all[line]?.()) ?? { unknown: line }));
  lines.on("close", () => process.exit(0));
  answer(ready);
}

function stats() {
  const { user, system } = process.cpuUsage();
  return { user, system, cpuUs: user + system, rssBytes: process.memoryUsage.rss() };
}

/**
 * What V8 does when memory runs short: pages that it would keep for the next burst go back to the system as well.
 * Twice: what finalizers let go of is freed by the second.
 */
async function gc() {
  const collect = globalThis.gc ?? (() => {});
  const everything = { type: "major", execution: "sync", flavor: "last-resort" } as const;
  collect(everything);
  await new Promise((resolve) => setImmediate(resolve));
  collect(everything);
  return stats();
}
