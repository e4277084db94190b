import type { Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import type { Call } from "../../call/call.ts";
import { COMPRESSIONS } from "../client-faults.ts";
import type { Plan } from "./plan.ts";

const BY_NAME: ReadonlyMap<string, Compression> = new Map(COMPRESSIONS.map((each) => [each.name, each]));

/** What requests may be compressed with, as `grpc-accept-encoding` lists it. */
export const ENCODINGS = ["identity", ...BY_NAME.keys()].join(",");

/** Whether this lane reads messages in such an encoding, as the header of a request names it. */
export function isReadable(encoding: string | string[] | undefined): boolean {
  return encoding === undefined || encoding === "identity" || BY_NAME.has(String(encoding));
}

/** Whether the messages of a request may be compressed. */
export function namesCompression(plan: Plan, call: Call): boolean {
  return compressionOf(plan, call) !== undefined;
}

/**
 * Decompresses and decodes a message, off the event loop. It is bounded before (what comes), during and after (what
 * comes of it) by the method's limit.
 *
 * @throws ConnectError `resource_exhausted` above the limit, `invalid_argument` for what does not decompress or is no such
 *   message, and the reason of the call's end when that comes first.
 */
export async function decompressed(plan: Plan, call: Call, bytes: Uint8Array): Promise<Message> {
  const compression = compressionOf(plan, call);
  if (compression === undefined) throw unknownCompression();
  // Connect's types want bytes over an ArrayBuffer, which those of sockets are.
  const plain = await compression.decompress(bytes as Uint8Array<ArrayBuffer>, plan.maxRequestBytes);
  if (call.cancelledBy !== undefined) throw call.error;
  return plan.codec.decode(plain);
}

/** A compressed message in a request that names no compression: https://github.com/grpc/grpc/blob/master/doc/compression.md */
export function unknownCompression(): ConnectError {
  return new ConnectError("received compressed envelope, but do not know how to decompress", Code.Internal);
}

function compressionOf({ protocol }: Plan, { head }: Call): Compression | undefined {
  const name = head.headers[protocol.encodingHeader];
  return name === undefined ? undefined : BY_NAME.get(String(name));
}
