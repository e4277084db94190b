import assert from "node:assert/strict";
import { test } from "node:test";
import { fromJsonString } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { readJson, textOf } from "../../../../../src/runrpc/server/lanes/fast/json.ts";

// A Struct takes any JSON object, so that only the reading of the text is at stake.
const TEXTS = [
  "{}",
  '{"a":1}',
  '{"a":1,"a":2}',
  '{"a":"x","b":{"a":"x"}}',
  '{"a":{"b":1,"b":1}}',
  '{"a":[{"b":1},{"b":1}]}',
  '{"a":[{"b":1,"c":"\\"","b":2}]}',
  '{"a":"\\u0061","\\u0061":1}',
  '{"a":"b","b":"a","c":["a","a","b"]}',
  '{"":"","":1}',
  '{"a":"\\"b\\":1"}',
  '{"__proto__":1,"__proto__":2}',
  '{"__proto__":1}',
  ' { "a" : [ ] , "b" : null , "c" : true } ',
  '{"a":1',
  "{a:1}",
  "",
  "[]",
  '"text"',
  "1",
  "null",
];

for (const text of TEXTS) {
  test(`${text || "nothing"} is read as fromJsonString reads it`, () => {
    const outcome = (read: () => unknown): unknown => {
      try {
        return read();
      } catch (error) {
        return String(error);
      }
    };
    assert.deepEqual(
      outcome(() => readJson(StructSchema, text, {})),
      outcome(() => fromJsonString(StructSchema, text)),
    );
  });
}

test("a body is read as TextDecoder reads it, byte order mark and broken UTF-8 included", () => {
  const decoder = new TextDecoder();
  const bodies = ["ä€😀", "\ufeff{}", ""].map((text) => Buffer.from(text));
  for (const body of [...bodies, Buffer.from([0x22, 0xff, 0xc3, 0x22]), Buffer.from([0xef])])
    assert.equal(textOf(body), decoder.decode(body));
});
