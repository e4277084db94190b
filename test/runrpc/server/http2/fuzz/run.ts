// Runs the fuzzers of frames and of HPACK for a while: `npm run fuzz:http2 -- --minutes 10 --seed 1`. It ends with 1 at the
// first case that fails, and prints its seed: `npm run fuzz:http2 -- --minutes 0 --seed SEED` repeats that case alone.
import { parseArgs } from "node:util";
import { runSeed } from "./run-seed.ts";

/** Cases after which what is compiled and made once is there. */
const WARM_UP = 2_000;

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "10" }, seed: { type: "string" } },
});
const minutes = Number(values.minutes);
const first = Number(values.seed ?? Date.now() % 1_000_000_000);
if (!(minutes >= 0) || !Number.isSafeInteger(first))
  throw new Error(
    `--minutes takes a number from 0 on, --seed a whole one: not ${minutes} and ${values.seed}`,
  );
const endAtMs = performance.now() + 60_000 * minutes;
let seed = first;
let beforeBytes = 0;
try {
  do {
    await runSeed(seed++);
    if (seed - first === WARM_UP) beforeBytes = process.memoryUsage.rss();
  } while (performance.now() < endAtMs);
  const grown = beforeBytes === 0 ? "" : `, ${growth(beforeBytes)} MB more in memory than after ${WARM_UP}`;
  console.log(`${seed - first} cases from seed ${first}, none failed${grown}`);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}

function growth(beforeBytes: number): number {
  return Math.round((process.memoryUsage.rss() - beforeBytes) / 1e6);
}
