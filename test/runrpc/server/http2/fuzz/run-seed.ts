import { runBlocks } from "./run-blocks.ts";
import { runCase } from "./run-case.ts";

/** One case of each fuzzer. The error says with which seed. */
export async function runSeed(seed: number): Promise<void> {
  try {
    runBlocks(seed);
    await runCase(seed);
  } catch (cause) {
    throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}
