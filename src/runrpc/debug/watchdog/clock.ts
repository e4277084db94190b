import { closeSync, openSync, readSync } from "node:fs";

/** What the system knows of the main thread, since its start and in milliseconds. */
export interface ThreadClock {
  /** On a processor. */
  readonly cpuMs: number;
  /** Ready to run, and waiting for a processor. */
  readonly waitedMs: number;
}

/** Longer than two 64-bit numbers and a count. */
const SCHEDSTAT_BYTES = 96;

/** Reads the clock of the main thread. */
export interface ThreadClockReader {
  /** Undefined where the system does not tell: then the main thread's own processor time is all that is known. */
  read(): ThreadClock | undefined;
  close(): void;
}

/**
 * Reads it from Linux (`schedstat` in proc(5), documented in Documentation/scheduler/sched-stats.rst). The file is opened once: a
 * beat should cost the main thread little.
 */
export function openThreadClock(): ThreadClockReader {
  const bytes = Buffer.alloc(SCHEDSTAT_BYTES);
  let file: number | undefined;
  try {
    // The first thread of a process has its id.
    file = openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
  } catch {
    // There is none.
  }
  return {
    read() {
      if (file === undefined) return undefined;
      try {
        const text = bytes.toString("latin1", 0, readSync(file, bytes, 0, SCHEDSTAT_BYTES, 0));
        const [cpu, waited] = text.split(" ").map(Number);
        if (cpu === undefined || waited === undefined || Number.isNaN(cpu + waited)) return undefined;
        return { cpuMs: cpu / 1e6, waitedMs: waited / 1e6 };
      } catch {
        return undefined;
      }
    },
    close() {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}
