import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import type { Call } from "../../call/call.ts";
import { compressionNamed, SUPPORTED } from "../compressions.ts";
import { ENVELOPE_BYTES } from "../envelope-head.ts";
import type { Decoded, Encoded } from "./codec.ts";
import { bareOf, Framed } from "./framed.ts";
import type { Plan } from "./plan.ts";

/** What requests may be compressed with, as `grpc-accept-encoding` lists it. */
export const ENCODINGS = `identity,${SUPPORTED}`;

/** A message of an answer that was compressed. A class, so that it is told from one that was not. */
export class Compressed {
  readonly bytes: Uint8Array;
  /** The name of the compression. */
  readonly encoding: string;

  constructor(bytes: Uint8Array, encoding: string) {
    this.bytes = bytes;
    this.encoding = encoding;
  }
}

/** A message as it leaves. */
export type Outgoing = Encoded | Compressed;

/**
 * What the messages of a request may be compressed with, as its headers say; undefined: they are not.
 *
 * @throws ConnectError `unimplemented` for one that nobody knows.
 */
export function requestCompression({ protocol }: Plan, { head }: Call): Compression | undefined {
  const name = head.headers[protocol.encodingHeader];
  return name === undefined ? undefined : knownCompression(String(name), protocol.acceptHeader);
}

/**
 * The compression of this name; undefined for `identity`.
 *
 * @throws ConnectError `unimplemented` for one that nobody knows, with those that are in a header of this name
 *   (https://github.com/grpc/grpc/blob/master/doc/compression.md).
 */
export function knownCompression(name: string, acceptHeader: string): Compression | undefined {
  const found = compressionNamed(name);
  if (found !== undefined || name === "identity") return found;
  throw new ConnectError(
    `unknown compression "${name}": supported encodings are ${SUPPORTED}`,
    Code.Unimplemented,
    { [acceptHeader]: SUPPORTED },
  );
}

/**
 * Decompresses and decodes a message, off the event loop. It is bounded before (what comes), during and after (what
 * comes of it) by the method's limit.
 *
 * @throws ConnectError `resource_exhausted` above the limit, `invalid_argument` for what does not decompress or is no such
 *   message, and the reason of the call's end when that comes first.
 */
export async function decompressed(
  plan: Plan,
  call: Call,
  compression: Compression,
  bytes: Uint8Array,
): Promise<Decoded> {
  const plain = await compression.decompress(bytes, plan.maxRequestBytes);
  if (call.cancelledBy !== undefined) throw call.error;
  return plan.codec.decode(plain);
}

/** A compressed message in a request that names no compression: https://github.com/grpc/grpc/blob/master/doc/compression.md */
export function unknownCompression(): ConnectError {
  return new ConnectError("received compressed envelope, but do not know how to decompress", Code.Internal);
}

/** What the answers to a call may be compressed with; undefined: nothing. */
export function answerCompression({ protocol, compression }: Plan, { head }: Call): Compression | undefined {
  const { headers } = head;
  return compression.encodingFor(head, headers[protocol.acceptHeader], headers[protocol.encodingHeader]);
}

/** Whether a message of so many bytes is long enough to be compressed, for a client that takes that. */
export function mayBeCompressed(plan: Plan, call: Call, length: number): boolean {
  return length >= plan.compression.minBytes && answerCompression(plan, call) !== undefined;
}

/**
 * Compresses a message, off the event loop, where it is long enough and its client takes that. Undefined at once where
 * it is to leave as it is, as almost all are; resolves with the message itself where it did not get shorter.
 */
export function compressed(plan: Plan, call: Call, message: Encoded): Promise<Outgoing> | undefined {
  const { minBytes } = plan.compression;
  const length = message instanceof Framed ? message.bytes.length - ENVELOPE_BYTES : message.length;
  // A character takes at most three bytes: most texts need no counting.
  if (length < minBytes && (typeof message !== "string" || length * 3 < minBytes)) return undefined;
  const compression = answerCompression(plan, call);
  if (compression === undefined) return undefined;
  const bytes = typeof message === "string" ? Buffer.from(message) : bareOf(message);
  if (bytes.length < minBytes) return undefined;
  return plan.compression
    .compress(compression, bytes)
    ?.then((packed) => (packed === undefined ? message : new Compressed(packed, compression.name)));
}
