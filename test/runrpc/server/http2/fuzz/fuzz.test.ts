import { it } from "node:test";
import { runSeed } from "./run-seed.ts";

// 1,500 cases from seed 1. HTTP2_SEED chooses another; `npm run fuzz:http2 -- --minutes 10` goes on for ten minutes.
const CASES = 1_500;
const first = Number(process.env.HTTP2_SEED ?? 1) * 1_000_000;

it("frames and header blocks at random: nothing throws, hangs or is left behind, and the peer is told what RFC 9113 names", async () => {
  for (let seed = first; seed < first + CASES; seed++) await runSeed(seed);
});
