import { create, toBinary } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";

/** The time after which a call that found no room is worth another try, in milliseconds: nobody knows it better. */
export const RETRY_ROOM_MS = 1_000;

/**
 * `resource_exhausted` with the time after which to try again, in both ways that clients read: `retry-after` in whole
 * seconds (RFC 9110, 10.2.3) and `google.rpc.RetryInfo` to the millisecond among the details
 * (https://github.com/googleapis/googleapis/blob/master/google/rpc/error_details.proto).
 */
export function exhausted(text: string, retryMs: number): ConnectError {
  const error = new ConnectError(text, Code.ResourceExhausted, {
    "retry-after": String(Math.max(1, Math.ceil(retryMs / 1000))),
  });
  error.details.push({ type: "google.rpc.RetryInfo", value: retryInfo(Math.max(1, Math.ceil(retryMs))) });
  return error;
}

/** Its one field, 1, is a Duration of at most 16 bytes. Written here, so that no published contract is carried for it. */
function retryInfo(retryMs: number): Uint8Array<ArrayBuffer> {
  const delay = create(DurationSchema, {
    seconds: BigInt(Math.floor(retryMs / 1000)),
    nanos: (retryMs % 1000) * 1_000_000,
  });
  const duration = toBinary(DurationSchema, delay);
  return Uint8Array.from([(1 << 3) | 2, duration.length, ...duration]);
}
