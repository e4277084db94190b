import type { Wire } from "../../http/content-type.ts";
import { COMPRESSED_FLAG, ENVELOPE_BYTES, unknownFlags } from "../envelope-head.ts";

/**
 * The body of a request as it is, up to an envelope with flags that requests do not have: the adapter reads over those that
 * servers alone send, and looks at no others.
 *
 * @throws ConnectError `invalid_argument` at such an envelope.
 */
export function withKnownFlags(
  wire: Wire | undefined,
  body: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  return wire === undefined || wire === "connect-unary" ? body : checked(body);
}

async function* checked(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  /** Of the head that is being read. */
  let headBytes = 0;
  let length = 0;
  /** Of the message behind the last head. */
  let restBytes = 0;
  for await (const chunk of body) {
    for (let at = 0; at < chunk.length; ) {
      if (restBytes > 0) {
        const step = Math.min(restBytes, chunk.length - at);
        restBytes -= step;
        at += step;
        continue;
      }
      const byte = chunk[at++] ?? 0;
      if (headBytes > 0) length = 256 * length + byte;
      else if ((byte & ~COMPRESSED_FLAG) !== 0) throw unknownFlags(byte);
      if (++headBytes < ENVELOPE_BYTES) continue;
      restBytes = length;
      headBytes = 0;
      length = 0;
    }
    yield chunk;
  }
}
