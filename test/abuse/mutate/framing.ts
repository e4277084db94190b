import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import type { Random } from "../../runrpc/server/lanes/differential/random.ts";
import { BYTE_MUTATIONS, type Mutation, randomBytes } from "./bytes.ts";

/** What becomes of a message between its encoding and its envelope. */
export interface Packed {
  readonly bytes: Buffer;
  /** For the header that names the compression; undefined: the header is left out. */
  readonly encoding: string | undefined;
  /** Of the envelope. */
  readonly flags: number;
}

type Packing = (bytes: Buffer, random: Random) => Packed;

/** Compressions that are right, wrong, or not there. */
export const PACKINGS: readonly Packing[] = [
  (bytes) => ({ bytes: gzipSync(bytes, { level: 1 }), encoding: "gzip", flags: 1 }),
  (bytes) => ({ bytes: brotliCompressSync(bytes), encoding: "br", flags: 1 }),
  (bytes, random) => ({ bytes: broken(gzipSync(bytes, { level: 1 }), random), encoding: "gzip", flags: 1 }),
  (bytes, random) => ({ bytes: broken(brotliCompressSync(bytes), random), encoding: "br", flags: 1 }),
  (bytes) => ({ bytes, encoding: "gzip", flags: 1 }),
  (bytes) => ({ bytes, encoding: "br", flags: 1 }),
  (bytes) => ({ bytes: gzipSync(bytes, { level: 1 }), encoding: "br", flags: 1 }),
  (bytes) => ({ bytes: deflateSync(bytes), encoding: "deflate", flags: 1 }),
  (bytes) => ({ bytes: gzipSync(bytes, { level: 1 }), encoding: undefined, flags: 1 }),
  (bytes, random) => ({
    bytes,
    encoding: random.pick(["gzip", "identity", "", "gzip, br", "GZIP"]),
    flags: 0,
  }),
  (bytes, random) => ({ bytes: randomBytes(random, bytes.length), encoding: "gzip", flags: 1 }),
  (bytes) => ({ bytes: gzipSync(gzipSync(bytes)), encoding: "gzip", flags: 1 }),
  (bytes) => ({ bytes: Buffer.concat([gzipSync(bytes), gzipSync(bytes)]), encoding: "gzip", flags: 1 }),
  (bytes) => ({ bytes: Buffer.concat([gzipSync(bytes), Buffer.from("more")]), encoding: "gzip", flags: 1 }),
  () => ({ bytes: Buffer.alloc(0), encoding: "gzip", flags: 1 }),
];

/** Changes of a body of envelopes. */
export const ENVELOPE_MUTATIONS: readonly Mutation[] = [
  ...BYTE_MUTATIONS,
  function otherFlags(body, random) {
    if (body.length === 0) return body;
    return Buffer.concat([Buffer.of(random.pick([1, 2, 3, 4, 0x40, 0x80, 0x81, 0xff])), body.subarray(1)]);
  },
  function otherLength(body, random) {
    if (body.length < 5) return body;
    const changed = Buffer.from(body);
    const length = changed.readUInt32BE(1);
    changed.writeUInt32BE(
      random.pick([0, Math.max(0, length - 1), length + 1, 0x400001, 0x7fffffff, 0xffffffff]),
      1,
    );
    return changed;
  },
  function twice(body) {
    return Buffer.concat([body, body]);
  },
  function none() {
    return Buffer.alloc(0);
  },
  function manyEmpty(body, random) {
    return Buffer.concat([body, Buffer.alloc(5 * random.pick([1, 100, 3_000]))]);
  },
  function endOfStreamFirst(body) {
    return Buffer.concat([Buffer.of(2, 0, 0, 0, 2), Buffer.from("{}"), body]);
  },
  function headAlone(body) {
    return body.subarray(0, 4);
  },
];

function broken(bytes: Buffer, random: Random): Buffer {
  return random.pick(BYTE_MUTATIONS)(bytes, random);
}
