/** At the start and at most. In tenths of gRPC's tokens, which add up without rounding. */
const MAX_TENTHS = 100;

/** What a failed attempt takes. A call that succeeds gives back a tenth. */
const TAKEN_TENTHS = 10;

/** Bounds how much of a client's load is retries: at half of it and below none is made. */
export interface RetryBudget {
  succeeded(): void;
  /** Notes a failed attempt, and tells whether there may be another one. */
  failed(): boolean;
}

/** The budget of one client, as gRPC's retry throttling has it (https://github.com/grpc/proposal/blob/master/A6-client-retries.md). */
export function createRetryBudget(): RetryBudget {
  let tenths = MAX_TENTHS;
  return {
    succeeded() {
      tenths = Math.min(MAX_TENTHS, tenths + 1);
    },
    failed() {
      tenths = Math.max(0, tenths - TAKEN_TENTHS);
      return tenths > MAX_TENTHS / 2;
    },
  };
}
