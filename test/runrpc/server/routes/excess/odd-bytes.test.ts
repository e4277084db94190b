import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { TakeRequestSchema } from "../../../../gen/rig/sizes/v1/sizes_pb.ts";
import { bytesOf, codeOf, entries, excess, many, outcome, readBinary, tooMany } from "./fixture.ts";

/** A field of bytes. */
function field(number: number, content: Uint8Array): Buffer {
  assert.ok(number < 16 && content.length < 128);
  return Buffer.concat([Buffer.of((number << 3) | 2, content.length), content]);
}

describe("a request that is written as only few write it", () => {
  const emptyParts = bytesOf(tooMany);

  it("entries of a map that overwrite each other are one entry", () => {
    const one = bytesOf({ labels: { a: "longer than eight" } });
    const bytes = Buffer.concat([...many(() => one, 100), bytesOf({ labels: { a: "short" } })]);
    assert.equal(excess.binary(bytes), bytes);
    const others = bytesOf({ labels: entries(() => "b") });
    const all = Buffer.concat([bytes, others]);
    assert.deepEqual(outcome(readBinary(excess.binary(all))), outcome(readBinary(all)));
    assert.ok(excess.binary(all).length < all.length - others.length / 2);
  });

  it("the key of an entry may stand behind its value, twice, or not at all", () => {
    const [key, other, value] = [
      field(1, Buffer.from("a")),
      field(1, Buffer.from("b")),
      field(2, Buffer.from("c")),
    ];
    const oneEntry = [[value, key], [other, key], [other, value, key], [key]].map((parts) =>
      field(7, Buffer.concat(parts)),
    );
    const bytes = Buffer.concat([...many(() => oneEntry).flat(), ...many(() => field(7, value))]);
    assert.equal(excess.binary(bytes), bytes);
    assert.deepEqual(fromBinary(TakeRequestSchema, bytes).labels, { a: "", "": "c" });
  });

  it("numbers with tags and without them are counted together", () => {
    const behindEachOther = field(3, Buffer.alloc(25, 1));
    const alone = Buffer.of(3 << 3, 1);
    const bytes = Buffer.concat([behindEachOther, ...many(() => alone, 3), ...many(() => behindEachOther)]);
    const shortened = excess.binary(bytes);
    assert.equal(fromBinary(TakeRequestSchema, shortened).numbers.length, 31);
    assert.deepEqual(outcome(readBinary(shortened)), outcome(readBinary(bytes)));
  });

  it("a length with more bytes than it needs keeps as many", () => {
    const whole = Buffer.from([(10 << 3) | 2, 0xd0, 0x8f, 0x80, 0x00, ...many(() => [0x0a, 0]).flat()]);
    const shortened = excess.binary(whole);
    assert.deepEqual([...shortened.subarray(0, 5)], [(10 << 3) | 2, 0xbe, 0x80, 0x80, 0x00]);
    assert.deepEqual(outcome(readBinary(shortened)), outcome(readBinary(whole)));
  });

  it("fields that nobody knows are passed over, groups within groups among them", () => {
    const varint = [0xf8, 0x07, 0xff, 0xff, 0x03];
    const fixed = [0xf9, 0x07, ...many(() => 0, 8), 0xfd, 0x07, ...many(() => 0, 4)];
    const text = [0xfa, 0x07, 3, 0x12, 0x00, 0x12];
    const inner = [0x13, ...varint, ...fixed, ...text, 0x14];
    const group = [0xfb, 0x07, ...inner, ...varint, ...inner, 0xfc, 0x07];
    const bytes = Buffer.from([...varint, ...fixed, ...text, ...group, ...emptyParts, ...group]);
    const shortened = excess.binary(bytes);
    assert.equal(fromBinary(TakeRequestSchema, shortened).parts.length, 31);
    assert.equal(shortened.length, bytes.length - 2 * 969);
  });

  for (const [title, junk] of Object.entries({
    "a length past the end": [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f],
    "a wire type that there is not": [0x0f],
    "the end of a group that has not begun": [0x0c],
    "a group without an end": [0xfb, 0x07, 0x08, 0x01],
    "a tag without its end": [0xff],
    "a length without its end": [0x0a, 0xff],
    "a tag of more than 32 bits": [0xff, 0xff, 0xff, 0xff, 0x7f, 0x01],
    "a list of messages as numbers": [0x10, 0x01],
    "half a number": [0x1a, 0x01, 0x80],
    "five eighths of a number": [0x22, 0x05, 0, 0, 0, 0, 0],
  })) {
    it(`${title}: nothing behind it is left out`, () => {
      const before = Buffer.from([...junk, ...emptyParts]);
      assert.equal(excess.binary(before), before);
    });

    it(`${title}: what is before it is left out, and it is refused as it was`, () => {
      const behind = Buffer.from([...emptyParts, ...junk]);
      const shortened = excess.binary(behind);
      assert.equal(shortened.length, behind.length - 2 * 969);
      assert.equal(codeOf(outcome(readBinary(shortened))), codeOf(outcome(readBinary(behind))));
    });
  }

  it("a message that is no message is passed over", () => {
    const junk = Buffer.from([0x52, 100, ...many(() => 0xff, 100)]);
    const bytes = Buffer.concat([junk, emptyParts]);
    assert.equal(excess.binary(bytes).length, bytes.length - 2 * 969);
  });

  it("JSON of another shape is left as it is", () => {
    for (const json of [
      null,
      1,
      "a",
      [],
      many(() => ({})),
      { parts: entries(() => ({})), labels: many(() => 1) },
    ])
      assert.equal(excess.json(json, JSON.stringify(json).length), json);
  });
});
