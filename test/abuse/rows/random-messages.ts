import { setImmediate } from "node:timers/promises";
import { newTally, runCase } from "../../runrpc/codec/fuzz/run-case.ts";
import type { Row } from "../row.ts";

const CASES_EACH = 1_000;

/**
 * Messages of every kind of field, whole and broken, through the codecs that `buf generate` writes. protobuf-es is asked the
 * same; bytes, messages and errors have to be its. A case writes two messages and reads three.
 */
export const randomMessages: Row = {
  name: "random messages",
  isOfNoLane: true,
  async attack({ random, rounds, attempt }) {
    const first = random.below(2 ** 31);
    const cases = rounds(20_000, 2_000); // of five messages each; `fuzz/run.ts` goes on for as long as it is told
    for (let done = 0; done < cases; done += CASES_EACH) {
      await attempt(`messages of the seeds from ${first + done} on`, () => {
        for (let i = 0; i < CASES_EACH; i++) runSeed(first + done + i);
      });
      await setImmediate();
    }
  },
};

function runSeed(seed: number): void {
  try {
    runCase(seed, newTally());
  } catch (cause) {
    throw new Error(`seed ${seed}: ${cause instanceof Error ? cause.message.slice(0, 500) : ""}`, { cause });
  }
}
