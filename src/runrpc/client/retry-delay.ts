import { fromBinary } from "@bufbuild/protobuf";
import { DurationSchema, durationMs } from "@bufbuild/protobuf/wkt";
import type { ConnectError } from "@connectrpc/connect";

/** The tag of the one field of google.rpc.RetryInfo, a Duration. */
const RETRY_DELAY_TAG = 0x0a;

/**
 * The delay that a server names in a google.rpc.RetryInfo among an error's details, in milliseconds; undefined where it
 * names none. Read here, so that no published contract is carried for one field.
 */
export function retryDelayMs({ details }: ConnectError): number | undefined {
  for (const detail of details) {
    if (!("type" in detail) || detail.type !== "google.rpc.RetryInfo") continue;
    const [tag, length = 0] = detail.value;
    if (tag !== RETRY_DELAY_TAG || detail.value.length < 2 + length) return undefined;
    return delayMs(detail.value.subarray(2, 2 + length));
  }
  return undefined;
}

/** Undefined for bytes that are no Duration: whatever a server sends beside its error, the error is what is told. */
function delayMs(bytes: Uint8Array): number | undefined {
  try {
    return Math.max(0, durationMs(fromBinary(DurationSchema, bytes)));
  } catch {
    return undefined;
  }
}
