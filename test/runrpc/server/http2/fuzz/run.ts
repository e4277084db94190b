// Runs the fuzzer for so many seconds (default 600), from a seed of its own: node test/server/http2/fuzz/run.ts 600 [seed]
// Ends with 1 at the first case that fails, whose seed is printed: `node test/server/http2/fuzz/run.ts 1 SEED` repeats it.
import { runCase } from "./run-case.ts";

const [seconds = "600", start = String(Date.now() % 1_000_000_000)] = process.argv.slice(2);
const endAtMs = performance.now() + 1_000 * Number(seconds);
const first = Number(start);
let seed = first;
const before = process.memoryUsage.rss();
try {
  for (; performance.now() < endAtMs; seed++) await runCase(seed);
  const grown = Math.round((process.memoryUsage.rss() - before) / 1e6);
  console.log(`${seed - first} cases from seed ${first}, none failed, ${grown} MB more in memory`);
} catch (error) {
  console.error(`seed ${seed}:`, error);
  process.exitCode = 1;
}
