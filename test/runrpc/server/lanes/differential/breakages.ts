// What clients send that is odd or broken.

import type { Random } from "./random.ts";

/** The greatest messages that the servers under test take and give, in bytes. */
export const LIMITS = { maxRequestBytes: 4_096, maxResponseBytes: 1_024 } as const;

/** The five bytes before each message of a stream: flags and length. */
export function envelope(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** `short` ends before a handler that waits. */
export const TIMEOUTS = ["long", "short", "huge", "broken"] as const;

/** A timeout in the header of the protocol. */
export function timeoutHeader(
  random: Random,
  kind: (typeof TIMEOUTS)[number],
  wire: string,
): readonly [string, string] {
  const isGrpc = wire.startsWith("grpc");
  const name = isGrpc ? "grpc-timeout" : "connect-timeout-ms";
  switch (kind) {
    case "long":
      return [name, isGrpc ? "30S" : "30000"];
    case "short":
      // Long enough that what is refused is refused before, on a busy machine too.
      return [name, isGrpc ? "300m" : "300"];
    case "huge":
      return [name, isGrpc ? "99999999H" : "9999999999"];
    case "broken":
      return [
        name,
        random.pick(isGrpc ? ["1", "S", "-1S", "1.5S", "123456789S", "1s"] : ["", "-1", "1s", "12345678901"]),
      ];
  }
}

/** Each alone is a request that somebody may send; some are refused. */
export const ODD_HEADERS: readonly (readonly [string, string])[] = [
  ["connect-protocol-version", "1"],
  ["connect-protocol-version", "2"],
  ["content-encoding", "identity"],
  ["content-encoding", "rot13"],
  ["connect-content-encoding", "rot13"],
  ["grpc-encoding", "identity"],
  ["grpc-encoding", "rot13"],
  ["x-binary-bin", "AAEC"],
  ["x-user-agent", "grpc-web-javascript/0.1"],
  ["user-agent", "raw/1.0"],
  ["x-empty", ""],
  ["x-latin", "caf\xe9"],
];

/** Makes something of a body that its method does not expect. */
export type Breakage = (body: Buffer, random: Random) => Buffer;

export const BREAKAGES: readonly Breakage[] = [
  function truncated(body, random) {
    return body.subarray(0, random.below(body.length + 1));
  },
  function emptied() {
    return Buffer.alloc(0);
  },
  function trailed(body) {
    return Buffer.concat([body, Buffer.from("more")]);
  },
  function doubled(body) {
    return Buffer.concat([body, body]);
  },
  function flagged(body, random) {
    const flags = random.pick([0x01, 0x02, 0x03, 0x80, 0x40, 0xff]);
    return body.length === 0 ? body : Buffer.concat([Buffer.of(flags), body.subarray(1)]);
  },
  function shortened(body) {
    return relength(body, (length) => Math.max(0, length - 1));
  },
  function lengthened(body) {
    return relength(body, (length) => length + 1);
  },
  function enormous(body) {
    return relength(body, () => 0xffffffff);
  },
  function garbled(body) {
    return body.map((byte, index) => (index < 5 ? byte : byte ^ 0xff)) as Buffer;
  },
  function oversized(body) {
    return Buffer.concat([body, envelope(Buffer.alloc(LIMITS.maxRequestBytes + 1))]);
  },
  function oversizedAlone() {
    return envelope(Buffer.alloc(LIMITS.maxRequestBytes + 1));
  },
];

function relength(body: Buffer, change: (length: number) => number): Buffer {
  if (body.length < 5) return body;
  const changed = Buffer.from(body);
  changed.writeUInt32BE(change(body.readUInt32BE(1)), 1);
  return changed;
}

/** What a client may say of the encodings that it takes. */
export const ACCEPTED = [
  "gzip",
  "br",
  "zstd",
  "gzip, br",
  "zstd;q=0.1, gzip;q=0.5",
  "gzip;q=0, br",
  "identity, gzip",
  "identity;q=1, gzip;q=0.5",
  "identity",
  "*",
  "rot13",
  ",;=",
];

/** From what size on the servers under test compress, in bytes. */
export const COMPRESS_MIN_BYTES = 100;

/** A body in base64, in pieces that are each padded; now and then it is none. */
export function asText(random: Random, body: Buffer): Buffer {
  const pieces: string[] = [];
  for (let at = 0; at < body.length; ) {
    const length = 1 + random.below(body.length);
    pieces.push(body.subarray(at, at + length).toString("base64"));
    at += length;
  }
  const text = pieces.join("");
  if (!random.chance(0.15)) return Buffer.from(text);
  const at = random.below(text.length + 1);
  return Buffer.from(`${text.slice(0, at)}${random.pick(["!", "=", "A", "\u00e9"])}${text.slice(at)}`);
}
