import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { newTally, runCase } from "./run-case.ts";

// 2,000 cases from seed 1. CODEC_SEED chooses another; `node test/runrpc/codec/fuzz/run.ts 600` goes on for 600 seconds.
const CASES = 2_000;
const first = Number(process.env.CODEC_SEED ?? 1) * 1_000_000;

it("messages at random: bytes, messages and errors are protobuf-es's", () => {
  const tally = newTally();
  for (let seed = first; seed < first + CASES; seed++) {
    try {
      runCase(seed, tally);
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  // Left to protobuf-es it would be no comparison.
  assert.ok(tally.writtenByUs > 0.9 * tally.written, JSON.stringify(tally));
  assert.ok(tally.readByUs > 0.95 * tally.read, JSON.stringify(tally));
  assert.ok(tally.brokenReadByUs > 0.3 * tally.brokenAccepted, JSON.stringify(tally));
  assert.ok(tally.refused > 30 && tally.brokenAccepted < tally.broken, JSON.stringify(tally));
});

it("protobuf-es has the version that the codecs were compared with: with another one, run the fuzzer for ten minutes first", () => {
  const { dependencies } = JSON.parse(readFileSync("package.json", "utf8")) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  assert.equal(dependencies["@bufbuild/protobuf"], "2.17.0");
});
