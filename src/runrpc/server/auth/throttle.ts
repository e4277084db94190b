import { networkOf } from "./peer.ts";

/** Tells addresses that send many wrong keys so, for the wrong ones that follow. Its times are milliseconds of the caller's clock. */
export interface Throttle {
  /** How long wrong keys of this address are still refused so, in milliseconds; 0: they are not. */
  refusedForMs(peer: string, now: number): number;
  /** Counts a failure. Returns the length of the refusal that it brings, in milliseconds; 0: none. */
  fail(peer: string, now: number): number;
}

export interface ThrottleOptions {
  /** Failures within a minute that bring the first refusal. */
  readonly maxFailures: number;
  /** The length of the first refusal. Each failure after its end doubles it, up to 60 times as long. */
  readonly failureDelayMs: number;
  /** Addresses kept; past it the one that failed longest ago is forgotten. Default 10,000 (about 2 MB). */
  readonly maxAddresses?: number;
}

interface Offender {
  failures: number;
  windowStart: number;
  /** Refusals in a row; 0 while failures are only counted. */
  refusals: number;
  delayMs: number;
  refusedUntil: number;
}

const WINDOW_MS = 60_000;
const MAX_FACTOR = 60;
/** 2^6 is past 60: counting on would only make the decay longer. */
const MAX_REFUSALS = 7;

/**
 * Makes a throttle. Failures that come in while an address is refused do not count. For
 * each quiet minute after a refusal one doubling is forgotten, and with the last of them the address.
 */
export function createThrottle(options: ThrottleOptions): Throttle {
  const { maxFailures, failureDelayMs, maxAddresses = 10_000 } = options;
  const offenders = new Map<string, Offender>();

  return {
    refusedForMs(peer, now) {
      if (offenders.size === 0) return 0;
      const offender = offenders.get(networkOf(peer));
      if (offender === undefined) return 0;
      followClock(offender, now);
      return Math.max(0, offender.refusedUntil - now);
    },
    fail(peer, now) {
      const network = networkOf(peer);
      const offender = offenders.get(network) ?? freshOffender(now);
      offenders.delete(network);
      offenders.set(network, offender);
      if (offenders.size > maxAddresses) forgetOldest(offenders);
      return count(offender, now);
    },
  };

  function count(offender: Offender, now: number): number {
    followClock(offender, now);
    if (now < offender.refusedUntil) return 0;
    decay(offender, now);
    if (offender.refusals === 0) {
      if (Math.abs(now - offender.windowStart) >= WINDOW_MS) Object.assign(offender, freshOffender(now));
      offender.failures += 1;
      if (offender.failures < maxFailures) return 0;
    }
    offender.refusals = Math.min(offender.refusals + 1, MAX_REFUSALS);
    offender.delayMs = failureDelayMs * Math.min(2 ** (offender.refusals - 1), MAX_FACTOR);
    offender.refusedUntil = now + offender.delayMs;
    return offender.delayMs;
  }
}

/** No refusal lasts longer than it was made for, also when the clock was set back meanwhile. */
function followClock(offender: Offender, now: number): void {
  if (offender.refusedUntil - now > offender.delayMs) offender.refusedUntil = now + offender.delayMs;
}

function decay(offender: Offender, now: number): void {
  if (offender.refusals === 0) return;
  const quietMinutes = Math.floor((now - offender.refusedUntil) / WINDOW_MS);
  offender.refusals = Math.max(0, offender.refusals - quietMinutes);
  if (offender.refusals === 0) Object.assign(offender, freshOffender(now));
}

function freshOffender(now: number): Offender {
  return { failures: 0, windowStart: now, refusals: 0, delayMs: 0, refusedUntil: 0 };
}

function forgetOldest(offenders: Map<string, Offender>): void {
  for (const network of offenders.keys()) {
    offenders.delete(network);
    return;
  }
}
