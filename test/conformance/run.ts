// Runs the Connect project's conformance suite against this server, and ends with 1 if any case fails.
// Usage: node test/conformance/run.ts [--lane auto|stock]… [--http2 node|own]… [-- options of connectconformance, such as --run or --trace]

import { spawn } from "node:child_process";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { installSuite, VERSION } from "./install.ts";

const HERE = import.meta.dirname;
const LANES = ["stock", "auto"];
/** What users get, and each second opinion. */
const RUNS = [
  ["auto", "own"],
  ["auto", "node"],
  ["stock", "node"],
] as const;

/**
 * Cases of the stock lane that are run once more, alone, at most. A refusal of a message above the limit was seen to end,
 * once in a few whole runs, as PROTOCOL_ERROR: nghttp2 resets a stream whose upload ends short of its content-length, and
 * that may come between the headers and the trailers of connect-node's answer. Ours is one block, and gets no second try.
 */
const MAX_AGAIN = 3;

/** What the suite says of each case of a server that did not start in its time: a busy machine's doing, and no case was run. */
const LATE_START = "timed out waiting for result from server";

// A server is started for each protocol, version and kind of TLS: all but the first have nothing to compile.
process.env.NODE_COMPILE_CACHE ??= join(HERE, "../../node_modules/.cache/compiled");
const { values, positionals } = parseArgs({
  options: { lane: { type: "string", multiple: true }, http2: { type: "string", multiple: true } },
  allowPositionals: true,
});
const binary = installSuite(join(HERE, "..", ".."));
const results = [];
for (const [lane, http2] of chosen()) results.push(await run(lane, http2));
console.log(`\nConnect conformance ${VERSION}`);
for (const { title, summary, seconds } of results) console.log(`  ${title}: ${summary} (${seconds} s)`);
process.exitCode = results.every(({ passed }) => passed) ? 0 : 1;

function chosen(): readonly (readonly [lane: string, http2: string])[] {
  if (values.lane === undefined && values.http2 === undefined) return RUNS;
  const { lane: lanes = LANES, http2 = ["node"] } = values;
  return lanes.flatMap((lane) => http2.map((engine) => [lane, engine] as const));
}

async function run(lane: string, http2: string) {
  const startedAt = performance.now();
  const whole = await suite(lane, http2, positionals);
  let { passed, summary } = whole;
  const late = failuresOf(whole.output, LATE_START);
  const failed = failuresOf(whole.output);
  const again = failed.length - late.length <= (lane === "stock" ? MAX_AGAIN : 0) ? failed : [];
  if (!passed && again.length > 0) {
    const alone = await suite(
      lane,
      http2,
      again.flatMap((name) => ["--run", name]),
    );
    passed = alone.passed;
    const outcome = passed ? "passed alone" : "failed alone as well";
    if (late.length > 0) console.log(`${late.length} cases had no server in time`);
    for (const name of again.filter((each) => !late.includes(each)))
      console.log(`failed in the whole run, and ${outcome}: ${name}`);
    summary += `, ${again.length} of them ${outcome}`;
  }
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  return { title: `lane ${lane}, HTTP/2 by ${http2}`, summary, seconds, passed };
}

/** The names of the cases that failed: all of them, or those of which the suite says this. */
function failuresOf(output: string, reason = ""): readonly string[] {
  return [...output.matchAll(/^FAILED: (.+):\n(.*)$/gm)]
    .filter(([, , said = ""]) => said.includes(reason))
    .map(([, name = ""]) => name);
}

async function suite(lane: string, http2: string, more: readonly string[]) {
  const server = [
    process.execPath,
    "--conditions=runrpc-source",
    join(HERE, "server.ts"),
    "--lane",
    lane,
    "--http2",
    http2,
  ];
  const options = ["--mode", "server", "--conf", join(HERE, "config.yaml"), ...more];
  const child = spawn(binary, [...options, "--", ...server], { stdio: ["ignore", "pipe", "inherit"] });
  const stop = () => child.kill();
  process.once("SIGINT", stop).once("SIGTERM", stop).once("exit", stop);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    process.stdout.write(text);
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once("error", reject).once("close", resolve);
  const exitCode = await promise;
  process.off("SIGINT", stop).off("SIGTERM", stop).off("exit", stop);
  const [summary = "no counts"] = /\d+ passed, \d+ failed/.exec(output) ?? [];
  // The suite's exit code covers its own faults; a run without a single case is none.
  return { output, summary, passed: exitCode === 0 && /^[1-9]\d* passed, 0 failed/.test(summary) };
}
