import { create } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";

/** The first second of the year 1 and the last of the year 9999: what google.protobuf.Timestamp allows. */
const MIN_SECONDS = -62_135_596_800n;
const MAX_SECONDS = 253_402_300_799n;

/** The last millisecond of the year 9999. */
const MAX_TIME_MS = 253_402_300_799_999;

/**
 * The time of a request as it is stored, which is to the millisecond: what is finer is cut off, so that it is never later
 * than what was sent. (`timestampDate` rounds up, beyond the year 9999 too, which JSON then cannot write.)
 *
 * @throws ConnectError `invalid_argument` that names the field, for what is no time: the binary format carries any numbers.
 */
export function dateFromTimestamp(field: string, { seconds, nanos }: Timestamp): Date {
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS)
    throw refused(field, `${seconds} seconds`, `from ${MIN_SECONDS} to ${MAX_SECONDS}`);
  if (nanos < 0 || nanos > 999_999_999) throw refused(field, `${nanos} nanos`, "from 0 to 999999999");
  return new Date(Number(seconds) * 1_000 + Math.floor(nanos / 1_000_000));
}

/** A stored time as it is sent. One after the year 9999, which no request can store, is sent as the last one that can be. */
export function timestampFromStored(date: Date): Timestamp {
  const ms = Math.min(date.getTime(), MAX_TIME_MS);
  const seconds = Math.floor(ms / 1_000);
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos: (ms - seconds * 1_000) * 1_000_000 });
}

function refused(field: string, value: string, range: string): ConnectError {
  return new ConnectError(`${field}: ${value} is not within a time, ${range}`, Code.InvalidArgument);
}
