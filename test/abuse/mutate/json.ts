import type { Random } from "../../runrpc/server/lanes/differential/random.ts";
import { BYTE_MUTATIONS, type Mutation } from "./bytes.ts";

/** What a member may hold instead of what it holds. */
const VALUES: readonly string[] = [
  "null",
  "true",
  "-1",
  "1e400",
  "-0",
  "1.5",
  "2147483648",
  "9007199254740993",
  '"9223372036854775808"',
  '"NaN"',
  '""',
  '"\\ud800"',
  '"\\u0000"',
  '"2024-02-30T00:00:00Z"',
  '"9999-12-31T23:59:59.999999999Z"',
  '"0001-01-01T00:00:00Z"',
  "[]",
  "{}",
  "[[[[]]]]",
  '{"__proto__":{"a":1}}',
  '"constructor"',
  "[null]",
];

/** Changes that keep to JSON, or break it where it hurts. */
export const JSON_MUTATIONS: readonly Mutation[] = [
  ...BYTE_MUTATIONS,
  function valueReplaced(bytes, random) {
    const value = random.pick(VALUES);
    return text(bytes, (json) =>
      replaceOne(json, /("[^"]*"|-?\d+(\.\d+)?|true|null)(?=[,}\]])/g, value, random),
    );
  },
  function nameReplaced(bytes, random) {
    const name = random.pick(['"__proto__"', '"constructor"', '"a"', '"display_name"', '""', '"\\u0069d"']);
    return text(bytes, (json) => replaceOne(json, /"[^"]*"(?=:)/g, name, random));
  },
  function memberTwice(bytes) {
    return text(bytes, (json) =>
      json.replace("{", `{${/"[^"]*":("[^"]*"|-?\d+)/.exec(json)?.[0] ?? '"a":1'},`),
    );
  },
  function memberAdded(bytes, random) {
    return text(bytes, (json) =>
      json.replace("{", `{"${random.pick(["x", "id", "__proto__", "toString"])}":${random.pick(VALUES)},`),
    );
  },
  function deep(_bytes, random) {
    const depth = random.pick([100, 1_000, 50_000]);
    return Buffer.from(`{"payload":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`);
  },
  function deepArray(_bytes, random) {
    const depth = random.pick([100, 1_000, 50_000]);
    return Buffer.from("[".repeat(depth) + "]".repeat(random.pick([depth, 0])));
  },
  function longNumber(_bytes, random) {
    return Buffer.from(`{"pageSize":${"9".repeat(random.pick([30, 3_000]))}}`);
  },
  function notAnObject(_bytes, random) {
    return Buffer.from(
      random.pick(["", " ", "null", "[]", "1", '"a"', "{}{}", "{,}", "{'a':1}", "\ufeff{}", "nul"]),
    );
  },
  function brokenUtf8(bytes) {
    return text(bytes, (json) => json).map((byte) => (byte === 0x65 ? 0xff : byte)) as Buffer;
  },
];

function text(bytes: Buffer, change: (json: string) => string): Buffer {
  return Buffer.from(change(bytes.toString()));
}

function replaceOne(json: string, pattern: RegExp, value: string, random: Random): string {
  const found = [...json.matchAll(pattern)];
  if (found.length === 0) return json;
  const { index, 0: old } = random.pick(found);
  return json.slice(0, index) + value + json.slice(index + old.length);
}
