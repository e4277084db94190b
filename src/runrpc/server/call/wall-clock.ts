import { performance } from "node:perf_hooks";

/** Tells the time of day of a moment that `performance.now()` has just given, in milliseconds since 1970. */
export type WallClock = (nowMs: number) => number;

/** `Date.now` cuts its milliseconds off, so that a reading is up to one behind. */
const RESOLUTION_MS = 1;

/**
 * Makes the clock of records. Durations are told by the monotonic clock, which knows nothing of it when the system's
 * clock is set, and stands still while the machine is suspended: the two are compared at each reading. `now` is in
 * milliseconds since 1970; what it cuts off is kept from earlier readings.
 */
export function createWallClock(now: () => number = () => Date.now()): WallClock {
  let offsetMs = performance.timeOrigin;
  return (nowMs) => {
    const readMs = now() - nowMs;
    if (readMs > offsetMs || readMs < offsetMs - RESOLUTION_MS) offsetMs = readMs;
    return nowMs + offsetMs;
  };
}
