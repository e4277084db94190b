import type { ThreadClock } from "./clock.ts";
import { type BeatClock, beatClockOf, sinceBeat } from "./memory.ts";

/** A main thread that has run while its heart rested. */
export interface RanAtRest {
  /** For how long, with its waiting for a processor, at most: since the look before, in milliseconds. */
  readonly ranMs: number;
  /** Its clock then. */
  readonly since: BeatClock;
}

/** Looks at a main thread whose heart rests. */
export interface RestWatch {
  /**
   * Undefined where it has slept since the last look, in its event loop: else it is to be asked whether that turns.
   *
   * @param beat its clock at its last beat, which is a new one where it has beaten since the last look
   */
  look(nowMs: number, now: ThreadClock, beat: BeatClock, isNewBeat: boolean): RanAtRest | undefined;
  /** The heart beats again. */
  end(): void;
}

/** What a beat itself takes after it has read the clock, with the way back into sleep, in milliseconds. */
const AFTER_BEAT_MS = 0.5;
/** One that has slept is asked now and then: it may sleep in a function that waits. In milliseconds. */
const ASK_MS = 1_000;

export function createRestWatch(): RestWatch {
  let last: ThreadClock | undefined;
  let askedAtMs: number | undefined;
  return {
    look(nowMs, now, beat, isNewBeat) {
      const isOfBeat = isNewBeat || last === undefined;
      const before = last;
      last = now;
      askedAtMs ??= nowMs;
      const { cpuMs, waitedMs } =
        isOfBeat || before === undefined
          ? sinceBeat(beat, now)
          : { cpuMs: now.cpuMs - before.cpuMs, waitedMs: now.waitedMs - before.waitedMs };
      const ranMs = cpuMs + waitedMs;
      if (ranMs <= (isOfBeat ? AFTER_BEAT_MS : 0) && nowMs - askedAtMs < ASK_MS) return undefined;
      askedAtMs = nowMs;
      return { ranMs, since: isOfBeat || before === undefined ? beat : beatClockOf(before) };
    },
    end() {
      last = undefined;
      askedAtMs = undefined;
    },
  };
}
