import type { Call } from "../server/call/call.ts";
import { isServerFault, OTHER_METHOD } from "../server/call/rpc-names.ts";
import type { Route } from "../server/routes/routes.ts";

/** Buckets for each doubling of a duration: its own bucket is off by a tenth at most. */
const PER_DOUBLING = 4;

/** From a microsecond to more than a day. */
const BUCKETS = 160;

/** What has come to one method since the start. A class, because each call that ends writes to one: one hidden shape. */
export class Tally {
  readonly method: string;
  readonly kind: string;
  calls = 0;
  faults = 0;
  /** Of calls that have ended. */
  messagesIn = 0;
  messagesOut = 0;
  /** Calls by the logarithm of their duration. */
  readonly durations: Float64Array;

  constructor(route: Route | undefined) {
    this.method = route?.path.slice(1) ?? OTHER_METHOD;
    this.kind = route?.method.methodKind ?? "unknown";
    this.durations = new Float64Array(BUCKETS);
  }

  take({ error, messagesIn, messagesOut, durationMs }: Call): void {
    this.calls++;
    if (error !== undefined && isServerFault(error.code)) this.faults++;
    this.messagesIn += messagesIn;
    this.messagesOut += messagesOut;
    (this.durations[bucketOf(durationMs)] as number)++; // one of BUCKETS
  }
}

function bucketOf(durationMs: number): number {
  const bucket = Math.floor(PER_DOUBLING * Math.log2(durationMs * 1_000));
  // Not a number: a duration of 0.
  return bucket > 0 ? Math.min(bucket, BUCKETS - 1) : 0;
}

/**
 * What that part of the calls took at most, in milliseconds; 0 where there are none.
 *
 * @param durations calls by the logarithm of their duration, as of `Tally`
 * @param part such as 0.99
 */
export function quantile(durations: readonly number[], part: number): number {
  const calls = durations.reduce((sum, count) => sum + count, 0);
  if (calls <= 0) return 0;
  let left = calls * part;
  const bucket = durations.findIndex((count) => {
    left -= count;
    return left <= 0;
  });
  return 2 ** ((bucket + 0.5) / PER_DOUBLING) / 1_000;
}
