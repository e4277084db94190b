// Runs the tests: `npm test`, or `npm test -- test/wire/matrix "test/data/*.test.ts"` for some of them.
// `npm test -- --http2 node …` has lane auto speak HTTP/2 by node:http2, where a test names no engine.
// `npm test -- --database postgres …` has applications and queries stand on a Postgres server, where a test names no database.
// In CI a test that skips itself, for want of a tool, is a failure.
import { glob, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { finished } from "node:stream/promises";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";
import { startPostgres } from "./postgres.ts";

/** A file that runs longer than this hangs, in milliseconds. */
const FILE_TIMEOUT_MS = 900_000;

/** Files at a time. Two cores keep two busy; each starts threads of its own. */
const CONCURRENCY = 2;

const root = join(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  options: { http2: { type: "string", default: "own" }, database: { type: "string", default: "sqlite" } },
  allowPositionals: true,
});
const files = await filesOf(positionals);
const isOnNode = values.http2 === "node";
// For the processes that tests start, and their own: what each would compile and strip of its types again.
process.env.NODE_COMPILE_CACHE ??= join(root, "node_modules/.cache/compiled");
if (isOnNode) process.env.RUNRPC_HTTP2 = "node";
const postgres = values.database === "postgres" ? await startPostgres() : undefined;
if (postgres !== undefined) process.env.RUNRPC_TEST_DATABASE = postgres.socketUrl("postgres");
// The application imports the package by its name, which leads to the sources under this condition.
const execArgv = [
  "--conditions=runrpc-source",
  ...(isOnNode ? ["--import", join(root, "test/on-node-http2.ts")] : []),
];
/** The longest files that are told. */
const SLOWEST = 15;
const skipped: string[] = [];
const took = new Map<string, number>();
let passed = 0;
let failed = 0;

const events = run({ files, execArgv, cwd: root, concurrency: CONCURRENCY, timeout: FILE_TIMEOUT_MS });
events.on("test:fail", () => {
  failed++;
});
events.on("test:pass", ({ name, skip, details }) => {
  if (skip !== undefined) skipped.push(typeof skip === "string" ? `${name}: ${skip}` : name);
  else if (details.type !== "suite") passed++;
});
events.on("test:summary", ({ file, duration_ms }) => {
  if (file !== undefined) took.set(file, duration_ms);
});
const report = events.compose(spec);
report.pipe(process.stdout);
await finished(report);
await postgres?.stop();

if (files.length > SLOWEST) printSlowest();
for (const line of skipped) console.log(`skipped  ${line}`);
if (passed === 0) console.log("no test has run");
const { CI = "" } = process.env;
const isCi = CI !== "";
if (isCi && skipped.length > 0) console.log(`${skipped.length} skipped, and in CI none may be`);
process.exitCode = failed > 0 || passed === 0 || (isCi && skipped.length > 0) ? 1 : 0;

function printSlowest(): void {
  const slowest = [...took].sort(([, one], [, other]) => other - one).slice(0, SLOWEST);
  for (const [file, ms] of slowest)
    console.log(`${(ms / 1_000).toFixed(1).padStart(7)} s  ${relative(root, file)}`);
}

/** The test files that are named: each a file, a folder or a pattern. All of them when none is named. */
async function filesOf(names: readonly string[]): Promise<string[]> {
  const patterns = await Promise.all((names.length > 0 ? names : ["test"]).map(patternOf));
  const found = await Array.fromAsync(glob(patterns, { cwd: root }));
  return found.map((file) => join(root, file)).sort();
}

async function patternOf(name: string): Promise<string> {
  const isFolder = await stat(join(root, name)).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
  return isFolder ? join(name, "**", "*.test.ts") : name;
}
