import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  create,
  type DescMessage,
  fromBinary,
  type JsonObject,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { createCodecs } from "../../../src/runrpc/codec/codecs.ts";
import { Reader } from "../../../src/runrpc/codec/reader.ts";
import { putVarint, sizeOf, Writer } from "../../../src/runrpc/codec/writer.ts";
import { createRandom } from "../server/lanes/differential/random.ts";
import { initializerOf } from "./fuzz/initializers.ts";
import { schemas } from "./fuzz/schemas.ts";
import { codecs } from "./gen/codecs.ts";
import { AllSchema, InnerSchema, KnownSchema } from "./gen/kinds/v1/all_pb.ts";
import { EditionsSchema } from "./gen/kinds/v1/delimited_pb.ts";
import { TwoSchema } from "./gen/kinds/v1/two_pb.ts";

const find = createCodecs(codecs);
const findPlain = createCodecs([]);
const generated = new Map(codecs.map((codec) => [codec.typeName, codec]));
const reader = new Reader();
const writer = new Writer(Buffer.alloc(16));

/** Whether the generated codec reads it and leaves nothing to protobuf-es. */
function readsItself(desc: DescMessage, bytes: Uint8Array): boolean {
  reader.b = Buffer.from(bytes);
  try {
    generated.get(desc.typeName)?.read(reader, 0, bytes.length, 1);
    return true;
  } catch {
    return false;
  }
}

function writesItself(desc: DescMessage, value: unknown): boolean {
  try {
    generated.get(desc.typeName)?.write(writer, value, 0, false);
    return true;
  } catch {
    return false;
  }
}

function agrees(desc: DescMessage, bytes: Uint8Array): void {
  let expected: Message;
  try {
    expected = fromBinary(desc, Uint8Array.from(bytes));
  } catch (reason) {
    assert.throws(() => find(desc).decode(bytes), reason as Error, Buffer.from(bytes).toString("hex"));
    return;
  }
  assert.deepStrictEqual(find(desc).decode(bytes), expected, Buffer.from(bytes).toString("hex"));
}

describe("texts", () => {
  it("of each length, of one, two, three and four bytes a character at each place, and no UTF-8", () => {
    for (let length = 0; length <= 40; length++) {
      for (const [at, odd] of [0, Math.floor(length / 2), length - 1].flatMap((at) =>
        ["b", "é", "日", "😀", "\ufffd"].map((odd) => [at, odd] as const),
      )) {
        const text = Array.from({ length }, (_, i) => (i === at ? odd : "abcdefgh"[i % 8])).join("");
        const bytes = toBinary(InnerSchema, create(InnerSchema, { name: text }));
        assert.deepEqual(find(InnerSchema).encode({ name: text }, 0), Buffer.from(bytes));
        assert.ok(readsItself(InnerSchema, bytes) && writesItself(InnerSchema, { name: text }));
        agrees(InnerSchema, bytes);
        if (length === 0) continue;
        const bad = Uint8Array.from(bytes);
        bad[bytes.length - 1] = 0xff;
        agrees(InnerSchema, bad);
      }
    }
  });

  it("whose length takes one byte more than was left for it", () => {
    for (const length of [
      41, 42, 43, 63, 64, 126, 127, 128, 129, 5_461, 5_462, 16_383, 16_384, 700_000, 2_097_152,
    ])
      for (const letter of ["a", "é", "日"]) {
        const init = { name: letter.repeat(length), n: 1 };
        const expected = Buffer.from(toBinary(InnerSchema, create(InnerSchema, init)));
        assert.ok(find(InnerSchema).encode(init, 0).equals(expected), `${length} × ${letter}`);
        const outer = Buffer.from(toBinary(AllSchema, create(AllSchema, { inner: init, far: "end" })));
        assert.ok(
          find(AllSchema).encode({ inner: init, far: "end" }, 0).equals(outer),
          `${length} × ${letter}`,
        );
      }
  });
});

it("text and bytes make room for what follows them, wherever the buffer ends", () => {
  const write = generated.get(AllSchema.typeName)?.write;
  // A message begins with room for all of its fields but these: some 400 bytes.
  for (let length = 300; length < 500; length++) {
    const values: readonly Record<string, unknown>[] = [
      { by: new Uint8Array(length), color: 200 },
      { uni: "u".repeat(length), color: 200 },
      { rby: [new Uint8Array(length)], unpacked: [1] },
      { mss: { k: "v".repeat(length) }, far: "end" },
    ];
    for (const value of values) {
      const own = new Writer(Buffer.alloc(16));
      const end = write?.(own, value, 0, false) ?? 0;
      const expected = Buffer.from(toBinary(AllSchema, create(AllSchema, value)));
      assert.deepEqual(own.b.subarray(0, end), expected, `${Object.keys(value)[0]} of ${length}`);
    }
  }
});

describe("numbers", () => {
  const signed32 = [0, 1, -1, 127, 128, 2 ** 31 - 1, -(2 ** 31)];
  const unsigned32 = [0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1];
  const signed64 = [0n, 1n, -1n, 2n ** 31n, 2n ** 32n, 2n ** 35n, 2n ** 63n - 1n, -(2n ** 63n)];
  const unsigned64 = [0n, 1n, 2n ** 28n, 2n ** 32n, 2n ** 35n, 2n ** 63n, 2n ** 64n - 1n];
  const beyond32 = [2 ** 31, -(2 ** 31) - 1, 0.5, "1", null, 1n, true];
  const beyondUnsigned = [-1, 2 ** 32, 0.5, "1", null, 1n];
  const table: readonly (readonly [field: string, good: readonly unknown[], bad: readonly unknown[]])[] = [
    ["i32", signed32, beyond32],
    ["s32", signed32, beyond32],
    ["sf32", signed32, beyond32],
    ["u32", unsigned32, beyondUnsigned],
    ["f32", unsigned32, beyondUnsigned],
    ["i64", signed64, [2n ** 63n, -(2n ** 63n) - 1n, 1, "1"]],
    ["s64", signed64, [2n ** 63n, -(2n ** 63n) - 1n, 1, "1"]],
    ["sf64", signed64, [2n ** 63n, -(2n ** 63n) - 1n, 1, "1"]],
    ["u64", unsigned64, [-1n, 2n ** 64n, 1, "1"]],
    ["f64", unsigned64, [-1n, 2n ** 64n, 1, "1"]],
    ["fl", [0, -0, 1.5, Number.NaN, Infinity, 3.4028234663852886e38], [3.5e38, "1", null]],
    ["db", [0, -0, 5e-324, Number.NaN, -Infinity], ["1", null, 1n]],
    ["bo", [true, false], [1, "true", null]],
    ["by", [new Uint8Array(0), new Uint8Array(200)], [[1], "AA==", null]],
    ["color", [0, -1, 200, 77], ["COLOR_RED", 1.5, null]],
  ];
  for (const [field, good, bad] of table) {
    it(`of ${field}, at its bounds and one beyond`, () => {
      for (const value of good) {
        const init = { [field]: value };
        const expected = toBinary(AllSchema, create(AllSchema, init));
        assert.deepEqual(find(AllSchema).encode(init, 0), Buffer.from(expected), String(value));
        assert.ok(writesItself(AllSchema, init) && readsItself(AllSchema, expected), String(value));
        agrees(AllSchema, expected);
      }
      for (const value of bad) assert.ok(!writesItself(AllSchema, { [field]: value }), String(value));
    });
  }
});

describe("varints", () => {
  /** So many bytes, of which the last has these bits. */
  const varint = (bytes: number, last: number) => [...Array<number>(bytes - 1).fill(0x80), last];

  it("of each length, as every type that has them, and of more bytes than there are", () => {
    const tags = [0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x68]; // i32 s32 u32 i64 s64 u64 bo
    for (const tag of tags)
      for (let bytes = 1; bytes <= 12; bytes++)
        for (const last of [0, 1, 2, 0x0f, 0x10, 0x7f])
          agrees(AllSchema, Buffer.from([tag, ...varint(bytes, last)]));
  });

  it("of up to ten bytes are read here", () => {
    for (const tag of [0x08, 0x20, 0x68])
      for (let bytes = 1; bytes <= 10; bytes++)
        assert.ok(
          readsItself(AllSchema, Buffer.from([tag, ...varint(bytes, 1)])),
          `${tag} of ${bytes} bytes`,
        );
  });
});

describe("keys of maps", () => {
  const table: readonly (readonly [
    field: string,
    value: unknown,
    good: readonly string[],
    bad: readonly string[],
  ])[] = [
    ["mbb", new Uint8Array(1), ["true", "false"], ["", "1", "True", "no"]],
    ["mii", { n: 1 }, ["0", "-1", "2147483647"], ["", "no", "2147483648"]],
    ["mub", true, ["0", "4294967295"], ["-1", "4294967296", "no"]],
    ["mlc", 1, ["0", "-9223372036854775808"], ["1.5", "no", "9223372036854775808"]],
    ["mff", 1.5, ["0", "18446744073709551615"], ["-1", "no", "18446744073709551616"]],
    ["mss", "v", ["", "key", "__proto__", "constructor"], []],
  ];
  for (const [field, value, good, bad] of table)
    it(`of ${field}: what is one is written here, and of the rest protobuf-es is the judge`, () => {
      for (const key of [...good, ...bad]) {
        const init = { [field]: Object.fromEntries([[key, value]]) };
        assert.equal(writesItself(AllSchema, init), good.includes(key), key);
        let expected: Buffer;
        try {
          expected = findPlain(AllSchema).encode(init, 0);
        } catch (reason) {
          assert.equal(good.includes(key), false, key);
          assert.throws(() => find(AllSchema).encode(init, 0), reason as Error, key);
          continue;
        }
        assert.deepEqual(find(AllSchema).encode(init, 0), expected, key);
        agrees(AllSchema, expected);
      }
    });
});

describe("depth", () => {
  /** The message within itself so many times, as bytes. */
  const nested: readonly (readonly [string, DescMessage, (depth: number) => object])[] = [
    ["messages", InnerSchema, (depth) => deep(depth, (child) => ({ child }), {})],
    [
      "groups",
      EditionsSchema,
      (depth) => deep(depth, (delimited) => ({ delimited, req: "r", first: 5 }), { req: "r", first: 5 }),
    ],
    ["Structs", KnownSchema, (depth) => ({ struct: deep(depth, (a) => ({ a }), { b: 1 }) })],
    [
      "Structs, one level deeper",
      KnownSchema,
      (depth) => ({ known: { struct: deep(depth, (a) => ({ a }), { b: 1 }) } }),
    ],
    [
      "lists of Values, one level deeper",
      KnownSchema,
      (depth) => ({ known: { struct: { a: deep(depth, (list) => [list], null) } } }),
    ],
    ["lists of Values", KnownSchema, (depth) => ({ struct: { a: deep(depth, (list) => [list], null) } })],
    ["messages of proto2", TwoSchema, (depth) => deep(depth, (child) => ({ id: "i", child }), { id: "i" })],
  ];
  for (const [title, desc, make] of nested) {
    it(`of ${title}: the same are refused, and all others are read here`, () => {
      let refused = 0;
      for (let depth = 1; depth < 110; depth++) {
        const bytes = toBinary(desc, create(desc, make(depth) as Record<string, unknown>));
        agrees(desc, bytes);
        let isRead = true;
        try {
          fromBinary(desc, bytes);
        } catch {
          isRead = false;
          refused++;
        }
        assert.equal(readsItself(desc, bytes), isRead, `${depth}`);
      }
      assert.ok(refused > 5, `${refused}`);
    });
  }

  it("that has no end is an error of what gave it, and nothing else", () => {
    const ring: { name: string; child?: object } = { name: "ring" };
    ring.child = ring;
    assert.throws(() => find(InnerSchema).encode(ring, 0), RangeError);
    const struct: JsonObject = {};
    struct.a = struct;
    assert.throws(() => find(KnownSchema).encode({ struct }, 0), RangeError);
    assert.deepEqual(find(InnerSchema).encode({ n: 1 }, 0), Buffer.from([0x10, 1]));
  });
});

function deep(depth: number, wrap: (inner: unknown) => object, innermost: unknown): object {
  let value = innermost;
  for (let i = 0; i < depth; i++) value = wrap(value);
  return value as object; // wrapped at least once
}

describe("hostile bytes", () => {
  const small = schemas.map((desc) => {
    // Of many one that is neither empty nor long.
    for (let seed = 1; ; seed++) {
      const init = initializerOf(desc, { random: createRandom(seed), wrong: 0 });
      try {
        const bytes = toBinary(desc, create(desc, init));
        if (bytes.length > 40 && bytes.length < 120) return [desc, bytes] as const;
      } catch {
        // A required field is missing.
      }
    }
  });
  for (const [desc, bytes] of small) {
    it(`${desc.typeName}, cut at each byte`, () => {
      for (let length = 0; length <= bytes.length; length++) agrees(desc, bytes.subarray(0, length));
    });

    it(`${desc.typeName}, with each byte changed to others`, () => {
      for (let at = 0; at < bytes.length; at++)
        for (const byte of [0, 1, 4, 7, 8, 10, 11, 12, 13, 0x7f, 0x80, 0x81, 0xc0, 0xff]) {
          const changed = Uint8Array.from(bytes);
          changed[at] = byte;
          agrees(desc, changed);
        }
    });
  }

  it("entries of a Struct in every order and number of their parts", () => {
    const [key, value, empty, unknown] = [
      [0x0a, 1, 97],
      [0x12, 2, 0x20, 1],
      [0x12, 0],
      [0x20, 1], // which would be a value, one level deeper
    ];
    const entries = [
      [key, value],
      [value, key],
      [key, empty, unknown],
      [key, empty],
      [key, value, unknown],
      [key, value, value],
      [key, key, value],
      [key],
      [value],
      [unknown, key, value],
      [],
    ].map((parts) => parts.flat());
    for (const entry of entries)
      for (const tail of [[], [0x0a, 0], [0x10, 1]]) {
        const struct = [0x0a, entry.length, ...entry, ...tail];
        agrees(KnownSchema, Buffer.from([0x2a, struct.length, ...struct]));
      }
  });

  it("Values of every kind: whole, cut, too long, twice, in a longer form, and of no kind", () => {
    const double = [0, 0, 0, 0, 0, 0, 0xf0, 0x3f];
    const values = [
      [0x08, 0],
      [0x08, 1],
      [0x08, 0x80, 0],
      [0x08],
      [0x08, 0, 0x08, 0],
      [0x11, ...double],
      [0x11, ...double, 0],
      [0x11, ...double.slice(1)],
      [0x11, ...double, 0x11, ...double],
      [0x20, 1],
      [0x20, 2],
      [0x20, 0x81, 0],
      [0x20],
      [0x20, 1, 0x20, 0],
      [0x1a, 1, 97],
      [0x1a, 0x81, 0, 97],
      [0x1a, 2, 97],
      [0x1a],
      [0x1a, 1, 97, 0x08, 0],
      [0x2a, 0],
      [0x2a, 1, 0x0a],
      [0x32, 0],
      [0x32, 1, 0x0a],
      [0x32, 2, 0x0a, 0],
      [0x32, 2, 0x12, 0],
      [0x3a, 0],
      [0x3a, 1, 97],
      [0x40, 1],
      [0x0b],
    ];
    for (const value of values) {
      const entry = [0x0a, 1, 97, 0x12, value.length, ...value];
      const struct = [0x0a, entry.length, ...entry];
      agrees(KnownSchema, Buffer.from([0x2a, struct.length, ...struct]));
      const list = [0x0a, value.length, ...value];
      agrees(KnownSchema, Buffer.from([0x3a, list.length, ...list]));
    }
    agrees(KnownSchema, Buffer.from([0x2a, 1, 0x0a]));
  });

  it("fields that the schema does not know are written as they came, also at the end of a buffer", () => {
    const codec = find(InnerSchema);
    for (const length of [
      0, 1, 127, 128, 65_400, 65_524, 65_525, 65_526, 65_527, 65_528, 65_529, 65_530, 65_536,
    ]) {
      const data = Buffer.alloc(sizeOf(length) + length, 7);
      putVarint(data, length, 0);
      const message = create(InnerSchema, { name: "n" });
      message.$unknown = [
        { no: 2_000, wireType: 2, data },
        { no: 3_000, wireType: 0, data: Uint8Array.of(5) },
        { no: 536_870_911, wireType: 5, data: Uint8Array.of(1, 2, 3, 4) },
      ];
      const expected = Buffer.from(toBinary(InnerSchema, message));
      assert.ok(codec.encode(message, 0).equals(expected), `${length}`);
      assert.ok(writesItself(InnerSchema, message));
      assert.deepStrictEqual(codec.decode(expected), fromBinary(InnerSchema, Uint8Array.from(expected)));
    }
    // An initialiser has none: `create` drops them.
    const init = { n: 1, $unknown: [{ no: 2_000, wireType: 0, data: Uint8Array.of(5) }] };
    assert.deepEqual(codec.encode(init, 0), Buffer.from([0x10, 1]));
  });

  it("fields without a number, and of no wire type", () => {
    for (let tag = 0; tag < 16; tag++)
      for (const rest of [[0], [1, 1], [0, 0, 0, 0, 0, 0, 0, 0], []])
        agrees(InnerSchema, Buffer.from([tag, ...rest]));
  });

  it("a length that is larger than what is there allocates nothing", () => {
    for (const length of [0x7f, 0x3fff, 0x7fff_ffff, 0xffff_ffff]) {
      const varint: number[] = [];
      for (let rest = length; ; rest = Math.floor(rest / 128)) {
        varint.push(rest > 127 ? (rest % 128) | 0x80 : rest);
        if (rest <= 127) break;
      }
      for (const tag of [0x72, 0x82, 0x92, 0x9a])
        agrees(AllSchema, Buffer.from([tag, ...(tag > 0x7f ? [1] : []), ...varint]));
    }
  });
});
