import type { Random } from "../../server/lanes/differential/random.ts";

/** A message with something done to it, which may have left it as good as it was. */
export function broken(bytes: Buffer, others: readonly Buffer[], random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(8)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      return edited(bytes, random, 1, (byte) => byte ^ (1 << random.below(8)));
    case 2:
      return edited(bytes, random, 3, () => random.below(256));
    case 3:
      return Buffer.concat([bytes, random.pick([bytes, ...others])]); // fields twice: merged
    case 4:
      return Buffer.concat([bytes, Buffer.from(random.pick(tails))]);
    case 5: {
      const to = at + random.below(bytes.length - at + 1);
      return Buffer.concat([bytes.subarray(0, to), bytes.subarray(at)]); // a slice twice
    }
    case 6:
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([random.below(256)]), bytes.subarray(at)]);
    default:
      return Buffer.concat([bytes, Buffer.from(random.pick(tails)), bytes]);
  }
}

/** The same in the middle of something larger, as what comes from a socket lies in a chunk. */
export function within(bytes: Buffer, random: Random): Buffer {
  const before = random.below(9);
  const large = Buffer.alloc(before + bytes.length + 11, random.below(256));
  bytes.copy(large, before);
  return large.subarray(before, before + bytes.length);
}

function edited(bytes: Buffer, random: Random, times: number, edit: (byte: number) => number): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 0; i < times && copy.length > 0; i++) {
    const at = random.below(copy.length);
    copy[at] = edit(copy[at] ?? 0);
  }
  return copy;
}

const tails: readonly (readonly number[])[] = [
  [0xc0, 0xbb, 0x78, 5], // unknown fields of every wire type
  [0xca, 0xbb, 0x78, 2, 1, 2],
  [0xcd, 0xbb, 0x78, 1, 2, 3, 4],
  [0xc9, 0xbb, 0x78, 1, 2, 3, 4, 5, 6, 7, 8],
  [0xcb, 0xbb, 0x78, 0xcc, 0xbb, 0x78],
  [0xcb, 0xbb, 0x78, 0x08, 1, 0xcc, 0xbb, 0x78],
  [0xca, 0xbb, 0x78, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xc0, 0xbb, 0x78, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
  [0x8a, 0x80, 0x00, 1, 65], // tags that are longer than they need be
  [0x88, 0x80, 0x80, 0x80, 0x00, 7],
  [0x88, 0x80, 0x80, 0x80, 0x80, 0x00, 7],
  [0x88, 0x80, 0x80, 0x80, 0x10, 7],
  [0xa2, 6, 2, 65, 66], // an extension
  [0xaa, 6, 2, 1, 2],
  [7], // no wire type
  [0, 1], // no number
  [0xff, 0xff, 0xff, 0xff, 0x1f, 1],
  [0x08, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], // varints of ten bytes
  [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x20, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x68, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
  [0x72, 0x80, 0x00], // lengths that are longer than they need be, or than what is there
  [0x72, 0x05, 65],
  [0x72, 0x02, 0xc3, 0x28], // no UTF-8
  [0x72, 0x03, 0xed, 0xa0, 0x80],
  [0x72, 0x03, 0xef, 0xbf, 0xbd],
  [0x4b, 0x08, 1, 0x4c], // a group
  [0x4b, 0x08, 1, 0x54],
  [0x33, 0x4b, 0x4c, 0x34],
];
