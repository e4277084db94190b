import { url as inspectorUrl } from "node:inspector";
import { openThreadClock, type ThreadClock } from "./clock.ts";
import { type SharedMemory, tenths, word } from "./memory.ts";

/** By what the main thread shows that its loop turns. */
export interface Heart {
  /** There is something to do: it beats from here on, at once and then with each turn that comes a little after the last one. */
  wake(): void;
  /** Beats once, as the watcher has asked for it; a heart that finds that much was done meanwhile wakes. */
  answer(): void;
  stop(): void;
}

/** A main thread that ran no longer than this between two beats has nothing to do, in milliseconds. The beat is a part of it. */
const QUIET_MS = 1;
/** Beats with nothing to do, after which the heart rests. */
const QUIET_BEATS = 8;

/**
 * Each beat wakes a thread that has nothing else to do, so that a heart rests where nothing is done. The watcher looks then
 * how long the main thread has run, which tells it as well, and asks when it did. Where the system does not tell
 * how long a thread ran, the heart never rests.
 *
 * @param beatMs between two beats, in milliseconds
 */
export function startHeart({ words }: SharedMemory, beatMs: number): Heart {
  const clock = openThreadClock();
  let timer: NodeJS.Timeout | undefined;
  let ranMs = 0;
  let quietBeats = 0;

  /** Gives for how long the main thread has run since the last one; infinite where nobody knows. */
  function beat(): number {
    const told = clock.read();
    const { cpuMs, waitedMs } = told ?? ownClock();
    Atomics.store(words, word.mainCpu, 10 * cpuMs);
    Atomics.store(words, word.mainWaited, 10 * waitedMs);
    Atomics.store(words, word.hasDebugger, inspectorUrl() === undefined ? 0 : 1);
    Atomics.store(words, word.mainBeat, tenths());
    const sinceMs = cpuMs - ranMs;
    ranMs = cpuMs;
    return told === undefined ? Number.POSITIVE_INFINITY : sinceMs;
  }

  function onTimer(): void {
    quietBeats = beat() < QUIET_MS ? quietBeats + 1 : 0;
    if (quietBeats < QUIET_BEATS) return;
    clearInterval(timer);
    timer = undefined;
    Atomics.store(words, word.isResting, 1);
  }

  function wake(): void {
    if (timer !== undefined) return;
    quietBeats = 0;
    beat();
    Atomics.store(words, word.isResting, 0);
    timer = setInterval(onTimer, beatMs).unref();
  }

  wake();
  return {
    wake,
    answer() {
      if (beat() >= QUIET_MS) wake();
    },
    stop() {
      clearInterval(timer);
      clock.close();
    },
  };
}

/** What a thread knows of itself where the system does not tell. */
function ownClock(): ThreadClock {
  const { user, system } = process.threadCpuUsage();
  return { cpuMs: (user + system) / 1_000, waitedMs: 0 };
}
