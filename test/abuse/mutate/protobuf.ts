import { BYTE_MUTATIONS, type Mutation, randomBytes } from "./bytes.ts";

/** Changes that keep to the wire format of Protocol Buffers, or break it where it hurts (encoding: tag, then value). */
export const PROTOBUF_MUTATIONS: readonly Mutation[] = [
  ...BYTE_MUTATIONS,
  function unknownField(bytes, random) {
    return Buffer.concat([bytes, varint((1_000 << 3) | 0), varint(random.below(1 << 30))]);
  },
  function manyUnknownFields(bytes, random) {
    const field = Buffer.concat([varint((2_000 << 3) | 2), varint(2), Buffer.from("ab")]);
    return Buffer.concat([bytes, ...Array.from({ length: random.below(2_000) }, () => field)]);
  },
  function otherWireType(bytes, random) {
    if (bytes.length === 0) return bytes;
    return Buffer.concat([Buffer.of((bytes.readUInt8(0) & 0xf8) | random.below(8)), bytes.subarray(1)]);
  },
  function otherField(bytes, random) {
    const tag = (random.below(20) << 3) | random.below(8);
    return Buffer.concat([bytes, varint(tag), randomBytes(random, random.below(12))]);
  },
  function fieldNumberZero(bytes) {
    return Buffer.concat([bytes, Buffer.of(0, 0)]);
  },
  function overlongVarint(bytes, random) {
    return Buffer.concat([bytes, Buffer.of(8), Buffer.alloc(random.pick([9, 10, 11]), 0xff), Buffer.of(1)]);
  },
  function lengthBeyondTheEnd(bytes, random) {
    return Buffer.concat([
      bytes,
      Buffer.of(0x0a),
      varint(random.pick([1, 100, 0x7fffffff])),
      Buffer.alloc(0),
    ]);
  },
  function openGroup(bytes, random) {
    return Buffer.concat([bytes, Buffer.alloc(random.pick([1, 50, 5_000]), 0x0b)]);
  },
  function deepMessage(bytes, random) {
    let inner: Buffer = Buffer.alloc(0);
    for (let depth = random.pick([10, 101, 400]); depth > 0; depth--) {
      inner = Buffer.concat([Buffer.of(0x0a), varint(inner.length), inner]);
    }
    return Buffer.concat([bytes, Buffer.of(0x12), varint(inner.length), inner]);
  },
  function brokenUtf8(bytes, random) {
    const text = random.pick([
      [0xff, 0xfe],
      [0xc0, 0x80],
      [0xed, 0xa0, 0x80],
      [0xf8, 0x88, 0x80],
    ]);
    return Buffer.concat([bytes, Buffer.of(0x0a, text.length, ...text)]);
  },
  function manyEmptyElements(bytes, random) {
    const elements = Buffer.from(
      Array.from({ length: random.pick([10, 1_001, 20_000]) }, () => [0x0a, 0]).flat(),
    );
    return Buffer.concat([bytes, elements]);
  },
];

/** A number as Protocol Buffers write it: seven bits a byte. */
export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.of(...bytes, rest);
}
