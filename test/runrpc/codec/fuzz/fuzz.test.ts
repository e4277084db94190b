import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { newTally, runCase } from "./run-case.ts";

// 2,000 cases from seed 1. CODEC_SEED chooses another; `npm run fuzz:codec` goes on for ten minutes.
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

it("protobuf-es is what the codecs were compared with: run `npm run fuzz:codec -- --messages 5000000` with another version first", () => {
  const { version } = JSON.parse(readFileSync("node_modules/@bufbuild/protobuf/package.json", "utf8")) as {
    readonly version: string;
  };
  assert.equal(version, "2.17.0");
});
