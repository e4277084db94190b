// Runs the comparison for so many seconds (default 600), from a seed of its own:
// node --conditions=runrpc-source test/runrpc/codec/fuzz/run.ts 600 [seed]
// Ends with 1 at the first case that differs, whose seed is printed: `run.ts 1 SEED` repeats it.
import { newTally, runCase } from "./run-case.ts";

const [seconds = "600", start = String(Date.now() % 1_000_000_000)] = process.argv.slice(2);
const endAtMs = performance.now() + 1_000 * Number(seconds);
const first = Number(start);
const tally = newTally();
let seed = first;
try {
  for (; performance.now() < endAtMs; seed++) runCase(seed, tally);
  console.log(`${seed - first} cases from seed ${first}, none differs: ${JSON.stringify(tally)}`);
} catch (error) {
  console.error(`seed ${seed}:`, error);
  process.exitCode = 1;
}
