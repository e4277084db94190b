import {
  type Compression,
  compressedFlag,
  encodeEnvelope,
  transformSplitEnvelope,
} from "@connectrpc/connect/protocol";
import type { Call } from "../../call/call.ts";
import { wireOf } from "../../http/content-type.ts";
import type { Excess } from "../../routes/excess.ts";
import { compressionNamed } from "../compressions.ts";

/**
 * What the adapter reads of a request: binary messages in envelopes without what nobody would look at, and decompressed, as
 * that is seen then alone. Other bodies stay as they are: the length of a Connect unary request is in its headers, and JSON
 * is shortened where it is read.
 */
export function withoutExcess(
  { head: { route, protocol, headers } }: Call,
  body: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const type = headers["content-type"] ?? "";
  const wire = wireOf(type);
  const isOther = wire === undefined || wire === "connect-unary" || type.endsWith("json");
  if (route?.excess === undefined || isOther) return body;
  const encoding = headers[protocol === "connect" ? "connect-content-encoding" : "grpc-encoding"];
  return shortened(body, route.excess, compressionNamed(String(encoding)), route.policy.maxRequestBytes);
}

async function* shortened(
  body: AsyncIterable<Uint8Array>,
  excess: Excess,
  compression: Compression | undefined,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  for await (const { flags, data } of transformSplitEnvelope(maxBytes)(body)) {
    if (flags === 0) yield encodeEnvelope(flags, excess.binary(data));
    else if (flags === compressedFlag && compression !== undefined)
      yield encodeEnvelope(0, excess.binary(await compression.decompress(data, maxBytes)));
    else yield encodeEnvelope(flags, data);
  }
}
