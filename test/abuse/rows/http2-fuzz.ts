import { runSeed } from "../../runrpc/server/http2/fuzz/run-seed.ts";
import type { Row } from "../row.ts";

/**
 * Frames and header blocks of a seeded generator against our own HTTP/2, in this process. `npm test` has some of them in
 * test/runrpc/server/http2/fuzz, `npm run fuzz:http2` goes on for as long as it is told.
 */
export const http2Fuzz: Row = {
  name: "fuzzer of HTTP/2",
  isOfNoLane: true,
  isWholeOnly: true,
  async attack(arena) {
    const first = arena.random.below(1_000_000_000);
    const cases = arena.rounds(15_000, 100);
    for (let seed = first; seed < first + cases; seed++)
      await arena.attempt(`seed ${seed}`, () => runSeed(seed));
  },
};
