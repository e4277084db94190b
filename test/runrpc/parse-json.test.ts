import assert from "node:assert/strict";
import { it } from "node:test";
import { parseJson } from "../../src/runrpc/parse-json.ts";

/** Names in which one character or more is written as an escape, and what they are. */
const NAMES: Readonly<Record<string, string>> = {
  '\\"': '"',
  "\\\\": "\\",
  "\\n": "\n",
  "\\u0064": "d",
  "z\\u0064": "zd",
  "\\u0064z": "dz",
  "a\\\\": "a\\",
  "z\\\\": "z\\",
  "\\ud83d\\ude00": "😀",
  plain: "plain",
};

it("a name with an escape is the one that is written, whatever was parsed before", () => {
  let misread = 0;
  for (const [before] of Object.entries(NAMES))
    for (const [written, name] of Object.entries(NAMES)) {
      // V8 remembers which member followed which.
      JSON.parse(`{"first-${before}":1,"${before}":1}`);
      const text = `{"first-${before}":1,"${written}":2}`;
      if (!Object.hasOwn(JSON.parse(text), name)) misread++;
      assert.deepEqual(Object.keys(parseJson(text) as object).at(-1), name, text);
    }
  // When JSON.parse reads them all, parseJson needs no reading of its own.
  assert.notEqual(misread, 0);
});

it("everything else is what JSON.parse makes of it", () => {
  const texts = [
    '{"a":"x\\n","b":[1,-2.5e3,true,false,null,"\\"",{},[]],"c":{"d":{"e":"\\\\"}}}',
    ' \n[ "\\u0000" , {"a" : 1 } ]\t',
    '"\\\\\\""',
    "1",
    '{"":"\\t"}',
  ];
  for (const text of texts) assert.deepEqual(parseJson(text), JSON.parse(text));
});

it("a name that stands twice in an object is an error, however it is written", () => {
  for (const text of [
    '{"a":1,"\\u0061":2}',
    '{"a":[{"b":1,"b":"\\n"}]}',
    '{"__proto__":1,"__proto__":"\\n"}',
    '{"a":1,"a":1}',
  ])
    assert.throws(() => parseJson(text), /^Error: duplicate object key/);
  assert.deepEqual(parseJson('{"a":{"b":"\\n"},"c":{"b":1}}'), { a: { b: "\n" }, c: { b: 1 } });
});

it("500 objects and arrays within each other are read, and not one more", () => {
  for (const leaf of ["1", '"\\n"']) {
    const nested = (levels: number) => `${'{"a":['.repeat(levels / 2)}${leaf}${"]}".repeat(levels / 2)}`;
    assert.deepEqual(parseJson(nested(500)), JSON.parse(nested(500)));
    assert.throws(() => parseJson(`[${nested(500)}]`), RangeError);
    assert.throws(() => parseJson(nested(4_000_000)), RangeError);
  }
});

it("__proto__ is a member as any other", () => {
  const json = parseJson('{"__proto__":{"a":"\\n"}}') as object;
  assert.deepEqual(Object.keys(json), ["__proto__"]);
  assert.equal(Object.getPrototypeOf(json), Object.prototype);
});

it("4 MB of brackets, quotes or escapes are read in the order of their length", () => {
  const size = 4_000_000;
  const documents = {
    brackets: "[".repeat(size / 2) + "]".repeat(size / 2),
    backslashes: `"${"\\\\".repeat(size / 2)}"`,
    quotes: `"${'\\"'.repeat(size / 2)}"`,
    strings: `[${'"",'.repeat(size / 3)}"\\n"]`,
    "a name twice at the end": `{${Array.from({ length: 200_000 }, (_, at) => `"m${at}":"x",`).join("")}"a":1,"a":2}`,
  };
  for (const [what, text] of Object.entries(documents)) {
    const before = process.cpuUsage();
    try {
      parseJson(text);
    } catch {
      // the last one
    }
    const { user, system } = process.cpuUsage(before);
    assert.ok(user + system < 4_000_000, `${what}: ${(user + system) / 1_000} ms`);
  }
});
