import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, toBinary, toJson } from "@bufbuild/protobuf";
import { TakeRequestSchema } from "../../../../gen/rig/sizes/v1/sizes_pb.ts";
import { createRandom, type Random } from "../../lanes/differential/random.ts";
import {
  bytesOf,
  codeOf,
  entries,
  excess,
  type Init,
  many,
  outcome,
  type PartInit,
  readBinary,
  readJson,
} from "./fixture.ts";

describe("random requests", () => {
  it("have the outcome of all their elements", () => {
    for (let seed = 0; seed < 400; seed++) {
      const random = createRandom(seed);
      const message = create(TakeRequestSchema, randomRequest(random));
      const bytes = toBinary(TakeRequestSchema, message);
      const wanted = outcome(() => message);
      assert.deepEqual(outcome(readBinary(excess.binary(bytes))), wanted, `seed ${seed}`);
      const json = toJson(TakeRequestSchema, message);
      assert.deepEqual(
        outcome(readJson(excess.json(json, JSON.stringify(json).length))),
        wanted,
        `seed ${seed}, JSON`,
      );
    }
  });

  it("with broken bytes are refused or taken as all of them are", () => {
    for (let seed = 0; seed < 400; seed++) {
      const random = createRandom(seed);
      const bytes = bytesOf(randomRequest(random));
      for (let broken = random.below(4); broken >= 0 && bytes.length > 0; broken--)
        bytes[random.below(bytes.length)] = random.below(256);
      const [all, left] = [outcome(readBinary(bytes)), outcome(readBinary(excess.binary(bytes)))];
      if (codeOf(all) === false) assert.deepEqual(left, all, `seed ${seed}`);
      else assert.notEqual(codeOf(left), false, `seed ${seed}`);
    }
  });
});

const SIZES = [0, 0, 0, 1, 29, 30, 31, 32, 61, 62, 63, 64, 200];

function randomRequest(random: Random): Init {
  const size = () => SIZES[random.below(SIZES.length)] ?? 0;
  const word = () => "longer than".slice(0, random.below(10));
  const part = (depth: number): PartInit => ({
    parts: depth > 2 ? [] : many(() => (random.below(20) === 0 ? part(depth + 1) : { text: word() }), size()),
    marks: many((at) => at, size()),
    text: word(),
  });
  return {
    name: word(),
    parts: many(() => (random.below(20) === 0 ? part(1) : {}), size()),
    numbers: many(() => random.below(1_010), size()),
    ratios: many((at) => at / 2, size()),
    texts: many((at) => (random.below(30) === 0 ? "same" : `${at}`), size()),
    few: many(word, random.below(8) === 0 ? size() : 2),
    labels: entries(word, size()),
    named: random.below(2) === 0 ? {} : entries(() => part(2), random.below(40)),
    numbered: { 1: part(1), [-1]: part(2) },
    whole: part(0),
    choice: random.below(2) === 0 ? { case: "chosen", value: part(1) } : { case: "other", value: word() },
    unchecked: many(() => part(2), random.below(4) === 0 ? 40 : 0),
    anyNumber: many(() => part(2), random.below(3)),
    unpacked: many(() => true, size()),
    last: word(),
  };
}
