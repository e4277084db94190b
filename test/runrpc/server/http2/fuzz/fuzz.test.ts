import { it } from "node:test";
import { runCase } from "./run-case.ts";

// 1,500 cases from seed 1. HTTP2_SEED chooses another; `node test/server/http2/fuzz/run.ts 600` goes on for 600 seconds.
const CASES = 1_500;
const first = Number(process.env.HTTP2_SEED ?? 1) * 1_000_000;

it("frames at random: nothing throws, hangs or is left behind, and the peer is told the code that RFC 9113 names", async () => {
  for (let seed = first; seed < first + CASES; seed++) {
    try {
      await runCase(seed);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
});
