import {
  type Compression,
  encodeEnvelope,
  readAllBytes,
  transformSplitEnvelope,
} from "@connectrpc/connect/protocol";
import type { Call } from "../../call/call.ts";
import { wireOf } from "../../http/content-type.ts";
import type { Excess } from "../../routes/excess.ts";
import { compressionNamed } from "../compressions.ts";
import { COMPRESSED_FLAG } from "../envelope-head.ts";
import { ENCODING_HEADERS } from "./tell-encoding.ts";

/**
 * What the adapter reads of a request: binary messages without what nobody would look at, and decompressed, as that is seen
 * then alone. JSON is shortened where it is read.
 *
 * @param header of the request, as the adapter reads it: what it says of a body that is one message is taken out.
 */
export function withoutExcess(
  { head: { route, headers } }: Call,
  header: Headers,
  body: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const type = headers["content-type"] ?? "";
  const wire = wireOf(type);
  if (route?.excess === undefined || wire === undefined || type.endsWith("json")) return body;
  const { maxRequestBytes } = route.policy;
  const encodingHeader = ENCODING_HEADERS[wire].own;
  const compression = compressionNamed(String(headers[encodingHeader]));
  if (wire !== "connect-unary") return shortenedEach(body, route.excess, compression, maxRequestBytes);
  const length = header.get("content-length");
  header.delete("content-length");
  if (compression !== undefined) header.delete(encodingHeader);
  return shortenedWhole(body, length, route.excess, compression, maxRequestBytes);
}

async function* shortenedEach(
  body: AsyncIterable<Uint8Array>,
  excess: Excess,
  compression: Compression | undefined,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  for await (const { flags, data } of transformSplitEnvelope(maxBytes)(body)) {
    if (flags === 0) yield encodeEnvelope(flags, excess.binary(data));
    else if (flags === COMPRESSED_FLAG && compression !== undefined)
      yield encodeEnvelope(0, excess.binary(await compression.decompress(data, maxBytes)));
    else yield encodeEnvelope(flags, data);
  }
}

async function* shortenedWhole(
  body: AsyncIterable<Uint8Array>,
  length: string | null,
  excess: Excess,
  compression: Compression | undefined,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  const bytes = await readAllBytes(body, maxBytes, length);
  yield excess.binary(compression === undefined ? bytes : await compression.decompress(bytes, maxBytes));
}
