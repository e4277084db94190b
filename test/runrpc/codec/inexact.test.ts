import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type DescMessage } from "@bufbuild/protobuf";
import { createCodecs } from "../../../src/runrpc/codec/codecs.ts";
import { Writer } from "../../../src/runrpc/codec/writer.ts";
import { codecs } from "./gen/codecs.ts";
import { AllSchema, KnownSchema } from "./gen/kinds/v1/all_pb.ts";

// What protobuf-es writes as another value in silence is refused, whoever writes, and its field is named.

const HALF = "a\ud800b";
const LONG_HALF = `${"x".repeat(40)}\udc00`;

const refused: readonly (readonly [desc: DescMessage, init: Record<string, unknown>, message: RegExp])[] = [
  [AllSchema, { uni: HALF }, /^kinds\.v1\.All\.uni: the text holds half a surrogate pair$/],
  [AllSchema, { uni: LONG_HALF }, /uni: the text holds half/],
  [AllSchema, { os: `\udc00\ud800` }, /os: the text holds half/],
  [AllSchema, { rstr: ["a", HALF] }, /rstr\[1\]: the text holds half/],
  [AllSchema, { inner: { child: { name: HALF } } }, /inner\.child\.name: the text holds half/],
  [AllSchema, { rinner: [{}, { tags: [HALF] }] }, /rinner\[1\]\.tags\[0\]: the text holds half/],
  [AllSchema, { kind: { case: "kstr", value: HALF } }, /kstr: the text holds half/],
  [AllSchema, { mss: { [HALF]: "a" } }, /mss\["a\\ud800b"\]: the text holds half/],
  [AllSchema, { mss: { a: HALF } }, /mss\["a"\]: the text holds half/],
  [AllSchema, { i64: "12" }, /i64: a string is no int64/],
  [AllSchema, { i64: "" }, /i64: a string is no int64/],
  [AllSchema, { i64: "0x10" }, /i64: a string is no int64/],
  [AllSchema, { i64: 12 }, /i64: a number is no int64/],
  [AllSchema, { i64: true }, /i64: a boolean is no int64/],
  [AllSchema, { ol: [7] }, /ol: \[object Array\] is no int64/],
  [AllSchema, { ru64: [1n, "2"] }, /ru64\[1\]: a string is no uint64/],
  [AllSchema, { i32: "12" }, /i32: a string is no int32/],
  [AllSchema, { i32: "" }, /i32: a string is no int32/],
  [AllSchema, { db: "text" }, /db: a string is no double/],
  [AllSchema, { bo: "false" }, /bo: a string is no bool/],
  [AllSchema, { ob: 1 }, /ob: a number is no bool/],
  [AllSchema, { color: "1" }, /color: a string is no int32/],
  [AllSchema, { rstr: "ab" }, /rstr: a string is no list/],
  [AllSchema, { mss: ["a"] }, /mss: \[object Array\] is no map/],
  [AllSchema, { mii: { "1abc": {} } }, /mii\["1abc"\]: the key is no int32/],
  [AllSchema, { mii: { "01": {} } }, /mii\["01"\]: the key is no int32/],
  [AllSchema, { mlc: { "": 1 } }, /mlc\[""\]: the key is no int64/],
  [AllSchema, { mlc: { "0x1": 1 } }, /mlc\["0x1"\]: the key is no int64/],
  [AllSchema, { mbb: { yes: new Uint8Array(1) } }, /mbb\["yes"\]: the key is no bool/],
  [KnownSchema, { string: HALF }, /string: the text holds half/],
  [KnownSchema, { int64: "7" }, /int64: a string is no int64/],
  [KnownSchema, { strings: [{ value: HALF }] }, /strings\[0\]\.value: the text holds half/],
  [KnownSchema, { struct: { a: [1, { b: HALF }] } }, /struct\.a\[1\]\.b: the text holds half/],
  [KnownSchema, { struct: { [HALF]: 1 } }, /struct\.a.+: the text holds half/],
  [KnownSchema, { struct: { at: new Date(0) } }, /struct\.at: \[object Date\] is no JSON/],
  [KnownSchema, { structs: [{ n: 7n }] }, /structs\[0\]\.n: a bigint is no JSON/],
  [KnownSchema, { structBy: { x: { f: () => 1 } } }, /structBy\["x"\]\.f: a function is no JSON/],
  [KnownSchema, { value: { kind: { case: "stringValue", value: HALF } } }, /value\.stringValue: the text/],
  [KnownSchema, { timestamp: { seconds: "7" } }, /timestamp\.seconds: a string is no int64/],
];

const whole: readonly (readonly [desc: DescMessage, init: Record<string, unknown>])[] = [
  [AllSchema, { uni: "\u{1f600} \ufffd ü", rstr: ["\u{10ffff}".repeat(30)], mss: { "\u{1f600}": "é" } }],
  [AllSchema, { i64: -(2n ** 63n), u64: 2n ** 64n - 1n, mii: { "-1": {}, "0": {}, "2147483647": {} } }],
  [AllSchema, { mlc: { "-9223372036854775808": 1, "0": 1 }, mbb: { true: new Uint8Array(1) } }],
  [KnownSchema, { struct: { a: [null, { b: undefined }], c: "\u{1f600}" }, string: "ü", int64: 7n }],
];

for (const [title, find] of [
  ["the generated codec", createCodecs(codecs)],
  ["protobuf-es, where there is no codec", createCodecs([])],
] as const) {
  describe(title, () => {
    for (const [desc, init, message] of refused)
      it(`refuses ${String(message)}`, () => {
        const { encode, append } = find(desc);
        const made = create(desc, init);
        for (const value of [init, made]) {
          assert.throws(() => encode(value, 5), { name: "TypeError", message });
          assert.throws(() => append(value, new Writer(Buffer.alloc(1_000)), 3), {
            name: "TypeError",
            message,
          });
        }
      });

    it("writes what is whole, as the other one does", () => {
      for (const [desc, init] of whole) {
        const bytes = find(desc).encode(init, 0);
        assert.deepEqual(bytes, createCodecs([])(desc).encode(create(desc, init), 0));
        assert.deepEqual(
          find(desc).decode(bytes),
          find(desc).decode(find(desc).encode(create(desc, init), 0)),
        );
      }
    });
  });
}
