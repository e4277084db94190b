import { create, type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isJson, isUnwrapped } from "../../../../src/runrpc/codec/plugin/wire.ts";
import type { Random } from "../../server/lanes/differential/random.ts";

/** Made at random: any fields with any values. */
export type Init = Record<string, unknown>;

/** How random initialisers are made. */
export interface Making {
  readonly random: Random;
  /** How often a value is none of its field's. */
  readonly wrong: number;
}

const REQUIRED = 3;
const MAX_DEPTH = 3;

/** An initialiser of a message, parts of which are messages already. */
export function initializerOf(desc: DescMessage, making: Making, depth = 0): Init {
  const { random } = making;
  const init: Init = {};
  const share = depth > MAX_DEPTH ? 0 : desc.fields.length > 20 ? random.pick([0.05, 0.3, 0.9]) : 0.5;
  for (const field of desc.fields) {
    if (!random.chance(field.presence === REQUIRED ? 0.98 : share)) continue;
    const value = valueFor(field, making, depth);
    if (field.oneof === undefined) init[field.localName] = value;
    else init[field.oneof.localName] = { case: field.localName, value };
  }
  return depth > 0 && random.chance(0.3) ? wholeOr(desc, init) : init;
}

/** protobuf-es makes no message of some wrong values. */
function wholeOr(desc: DescMessage, init: Init): Init {
  try {
    return create(desc, init) as unknown as Init; // a message has its fields as well
  } catch {
    return init;
  }
}

function valueFor(field: DescField, making: Making, depth: number): unknown {
  const { random } = making;
  if (random.chance(making.wrong / 4)) return random.pick(wrong);
  if (field.fieldKind === "list")
    return several(random.chance(0.05) && depth < 2 ? [40] : [0, 1, 2, 3], making, () =>
      elementOf(field, making, depth + 1),
    );
  if (field.fieldKind !== "map") return elementOf(field, making, depth);
  return Object.fromEntries(
    several([0, 1, 3], making, () => [keyOf(field.mapKey, making), elementOf(field, making, depth + 1)]),
  );
}

function several<T>(counts: readonly number[], { random }: Making, make: () => T): T[] {
  return Array.from({ length: random.pick(counts) }, make);
}

function keyOf(scalar: ScalarType, making: Making): string {
  return making.random.chance(making.wrong) ? "no key" : String(scalarValue(scalar, making.random));
}

function elementOf(field: DescField, making: Making, depth: number): unknown {
  const { random } = making;
  if (random.chance(making.wrong)) return random.pick(wrong);
  if (isJson(field)) return jsonObject(random, depth);
  if (isUnwrapped(field)) return scalarValue(field.message?.fields[0]?.scalar ?? ScalarType.INT32, random);
  if (field.message !== undefined) return initializerOf(field.message, making, depth + 1);
  if (field.enum !== undefined)
    return field.enum.open && random.chance(0.2)
      ? random.pick([77, -9])
      : random.pick(field.enum.values).number;
  const value = scalarValue(field.scalar ?? ScalarType.INT32, random);
  return "longAsString" in field && field.longAsString ? String(value) : value;
}

/** What no field takes, or only some. */
const wrong: readonly unknown[] = [
  null,
  "7",
  1.5,
  -1,
  -0,
  2 ** 33,
  {},
  [],
  [1],
  "text",
  7n,
  2n ** 65n,
  true,
  Number.NaN,
  undefined,
  Symbol.iterator,
  new Map(),
  { case: "nothing", value: 1 },
  { case: undefined },
  { $typeName: "some.Other" },
];

function jsonObject(random: Random, depth: number): Init {
  return Object.fromEntries(
    Array.from({ length: random.below(4) }, () => [random.pick(texts), json(random, depth + 1)]),
  );
}

function json(random: Random, depth: number): unknown {
  switch (random.below(depth > 6 ? 5 : 7)) {
    case 0:
      return null;
    case 1:
      return random.chance(0.5);
    case 2:
      return scalarValue(ScalarType.DOUBLE, random);
    case 3:
      return random.pick(texts);
    case 4:
      return random.chance(0.05) ? undefined : "x";
    case 5:
      return Array.from({ length: random.below(4) }, () => json(random, depth + 1));
    default:
      return jsonObject(random, depth + 1);
  }
}

/** Of every length at which something else is done. */
// biome-ignore format: a list of words
const texts: readonly string[] = [
  "", "a", "ab", "abc", "abcd", "abcdefg", "hello", "12345678", "twelve chars", "thirteen char", "é", "grüße", "日本語", "😀 smile",
  "\ufffd", "\ufeffbom", "x".repeat(24), "x".repeat(25), "x".repeat(40), "y".repeat(127), "z".repeat(128), "ü".repeat(63),
  "ü".repeat(64), "ü".repeat(70), "q".repeat(130), "\u0000", "__proto__", "constructor", "lone \ud800 one",
];
const long: readonly string[] = [
  "w".repeat(5_000),
  "ß".repeat(9_000),
  "k".repeat(16_383),
  "k".repeat(16_384),
];

export function scalarValue(scalar: ScalarType, random: Random): unknown {
  const any32 = random.below(2 ** 32);
  const any64 = ((BigInt(any32) << 32n) | BigInt(random.below(2 ** 32))) >> BigInt(random.below(64));
  switch (scalar) {
    case ScalarType.STRING:
      return random.chance(0.998) ? random.pick(texts) : random.pick(long);
    case ScalarType.BYTES:
      return Uint8Array.from({ length: random.pick([0, 1, 5, 127, 128, 300]) }, () => random.below(256));
    case ScalarType.BOOL:
      return random.chance(0.5);
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return random.pick([
        0,
        1,
        -1,
        63,
        64,
        -64,
        -65,
        127,
        128,
        16_383,
        16_384,
        2 ** 31 - 1,
        -(2 ** 31),
        any32 | 0,
      ]);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return random.pick([0, 1, 127, 128, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1, any32]);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return random.pick([
        0n,
        1n,
        -1n,
        2n ** 63n - 1n,
        -(2n ** 63n),
        BigInt.asIntN(64, any64),
        -BigInt.asIntN(63, any64),
      ]);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return random.pick([0n, 1n, 2n ** 35n, 2n ** 64n - 1n, any64]);
    case ScalarType.DOUBLE:
      return random.pick([0, -0, 1.5, Number.NaN, Infinity, -Infinity, any32 * 1e290, 5e-324, any32]);
    case ScalarType.FLOAT:
      return random.pick([
        0,
        -0,
        1.5,
        Number.NaN,
        Infinity,
        Math.fround(any32 * 1e20),
        Math.fround(1 / (any32 + 1)),
        7,
      ]);
  }
}
