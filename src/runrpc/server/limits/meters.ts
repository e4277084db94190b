import type { ConnectError } from "@connectrpc/connect";
import { exhausted, RETRY_ROOM_MS } from "./exhausted.ts";

/** Counts the calls of each caller: how many are open, and how many come in a second. */
export interface Meters {
  /**
   * Takes a call in. Returns the function that takes it off the open ones.
   *
   * @param id whose call it is, such as the id of a key
   * @throws ConnectError `resource_exhausted`, and nothing was taken.
   */
  enter(id: string, limit: CallLimit): () => void;
  /** Callers that are kept at this moment. */
  readonly size: number;
}

/** What one caller may do. 0 is no limit. */
export interface CallLimit {
  /** Calls in a second, on average. */
  readonly perSecond: number;
  /** Calls that may come at once after a pause. 0: as many as in a second. */
  readonly burst: number;
  /** Open calls at one time. */
  readonly maxConcurrent: number;
}

export interface MetersOptions {
  /** Names a caller in an error, such as `the key rr_4f7Kq2Zd`. */
  readonly nameOf: (id: string) => string;
  /** Callers kept; past it those go of whom there is least to remember. Default 20,000. */
  readonly maxCallers?: number;
  /** Milliseconds of a clock that does not jump. Default `performance.now`. */
  readonly now?: () => number;
}

/** The token bucket of one caller, told by one number (GCRA): https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm */
interface Meter {
  open: number;
  /** When the bucket is full again. */
  fullAtMs: number;
}

/** Callers that are looked at for one to forget, when one too many comes. */
const LOOKED_AT = 8;
/** Half a microsecond: what rounding may add up to in a burst. */
const ROUNDING_MS = 0.0005;

/**
 * Makes the meters. Whoever has no open call and a full bucket is forgotten without loss. When that does not make room,
 * the caller goes who came first of those without open calls; to have a bucket forgotten that is empty, and so filled,
 * takes `maxCallers` other callers, each of whom has a bucket of its own anyway. Who has open calls is never forgotten.
 */
export function createMeters(options: MetersOptions): Meters {
  const { nameOf, maxCallers = 20_000, now = () => performance.now() } = options;
  const meters = new Map<string, Meter>();

  function add(id: string): Meter {
    if (meters.size >= maxCallers) makeRoom();
    const meter: Meter = { open: 0, fullAtMs: 0 };
    meters.set(id, meter);
    return meter;
  }

  function makeRoom(): void {
    const time = now();
    let oldest: string | undefined;
    let looked = 0;
    for (const [id, meter] of meters) {
      if (looked++ === LOOKED_AT) break;
      if (meter.open === 0 && meter.fullAtMs <= time) meters.delete(id);
      else {
        if (meter.open === 0) oldest ??= id;
        // Behind all others, so that the next look is at others.
        meters.delete(id);
        meters.set(id, meter);
      }
    }
    if (meters.size >= maxCallers && oldest !== undefined) meters.delete(oldest);
  }

  return {
    enter(id, { perSecond, burst, maxConcurrent }) {
      const meter = meters.get(id) ?? add(id);
      if (maxConcurrent > 0 && meter.open >= maxConcurrent)
        throw tooManyOpen(nameOf(id), meter.open, maxConcurrent);
      if (perSecond > 0) {
        const time = now();
        const eachMs = 1000 / perSecond;
        const aheadMs = ((burst > 0 ? burst : Math.max(1, perSecond)) - 1) * eachMs;
        const waitMs = meter.fullAtMs - time - aheadMs;
        if (waitMs > ROUNDING_MS) throw tooFast(nameOf(id), perSecond, waitMs);
        meter.fullAtMs = Math.max(meter.fullAtMs, time) + eachMs;
      }
      meter.open++;
      return () => {
        meter.open--;
        if (meter.open === 0 && meter.fullAtMs <= now() && meters.get(id) === meter) meters.delete(id);
      };
    },
    get size() {
      return meters.size;
    },
  };
}

function tooManyOpen(name: string, open: number, max: number): ConnectError {
  return exhausted(
    `${open} calls of ${name} are open, the maximum of ${max}: try again later`,
    RETRY_ROOM_MS,
  );
}

function tooFast(name: string, perSecond: number, waitMs: number): ConnectError {
  const text = `${name} makes more than ${perSecond} calls a second: try again in ${Math.ceil(waitMs)} ms`;
  return exhausted(text, waitMs);
}
