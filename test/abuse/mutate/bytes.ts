import type { Random } from "../../runrpc/server/lanes/differential/random.ts";

/** Makes something else of bytes. */
export type Mutation = (bytes: Buffer, random: Random) => Buffer;

/** Changes that know nothing of what the bytes mean. */
export const BYTE_MUTATIONS: readonly Mutation[] = [
  function bitFlipped(bytes, random) {
    return changed(bytes, random, (byte) => byte ^ (1 << random.below(8)));
  },
  function byteReplaced(bytes, random) {
    return changed(bytes, random, () =>
      random.pick([0, 1, 0x7f, 0x80, 0xff, 0x0a, 0x0d, 0x22, random.below(256)]),
    );
  },
  function truncated(bytes, random) {
    return bytes.subarray(0, random.below(bytes.length + 1));
  },
  function piecePutIn(bytes, random) {
    const at = random.below(bytes.length + 1);
    return Buffer.concat([
      bytes.subarray(0, at),
      randomBytes(random, 1 + random.below(16)),
      bytes.subarray(at),
    ]);
  },
  function pieceTakenOut(bytes, random) {
    const at = random.below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8))]);
  },
  function pieceRepeated(bytes, random) {
    const at = random.below(bytes.length + 1);
    const piece = bytes.subarray(at, at + 1 + random.below(32));
    const copies = Array.from({ length: 1 + random.below(random.pick([2, 4, 200])) }, () => piece);
    return Buffer.concat([bytes.subarray(0, at), ...copies, bytes.subarray(at)]);
  },
];

/** So many bytes of no meaning. */
export function randomBytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}

function changed(bytes: Buffer, random: Random, change: (byte: number) => number): Buffer {
  if (bytes.length === 0) return bytes;
  const copy = Buffer.from(bytes);
  const at = random.below(copy.length);
  copy.writeUInt8(change(copy.readUInt8(at)) & 0xff, at);
  return copy;
}
