// Runs the Connect project's conformance suite against this server, and ends with 1 if any case fails.
// Usage: node test/conformance/run.ts [--lane auto|stock]… [-- options of connectconformance, such as --run or --trace]

import { spawn } from "node:child_process";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { installSuite, VERSION } from "./install.ts";

const HERE = import.meta.dirname;
const LANES = ["stock", "auto"];

const { values, positionals } = parseArgs({
  options: { lane: { type: "string", multiple: true } },
  allowPositionals: true,
});
const binary = installSuite(join(HERE, "..", ".."));
const results = [];
for (const lane of values.lane ?? LANES) results.push(await run(lane));
console.log(`\nConnect conformance ${VERSION}`);
for (const { lane, summary, seconds } of results) console.log(`  lane ${lane}: ${summary} (${seconds} s)`);
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;

async function run(lane: string) {
  const startedAt = performance.now();
  const server = [process.execPath, join(HERE, "server.ts"), "--lane", lane];
  const options = ["--mode", "server", "--conf", join(HERE, "config.yaml"), ...positionals];
  const suite = spawn(binary, [...options, "--", ...server], { stdio: ["ignore", "pipe", "inherit"] });
  const stop = () => suite.kill();
  process.once("SIGINT", stop).once("SIGTERM", stop).once("exit", stop);
  let output = "";
  suite.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    process.stdout.write(text);
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  suite.once("error", reject).once("close", resolve);
  const exitCode = await promise;
  process.off("SIGINT", stop).off("SIGTERM", stop).off("exit", stop);
  const [summary = "no counts"] = /\d+ passed, \d+ failed/.exec(output) ?? [];
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  // The suite's exit code covers its own faults; a run without a single case is none.
  return { lane, summary, seconds, passed: exitCode === 0 && /^[1-9]\d* passed, 0 failed/.test(summary) };
}
