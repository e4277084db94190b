import { readFileSync } from "node:fs";

/** What the system knows of the main thread, since its start and in milliseconds. */
export interface ThreadClock {
  /** On a processor. */
  readonly cpuMs: number;
  /** Ready to run, and waiting for a processor. */
  readonly waitedMs: number;
}

/**
 * Reads both from Linux (`schedstat` in proc(5), documented in Documentation/scheduler/sched-stats.rst). Undefined elsewhere:
 * then the main thread's own processor time is all that is known.
 */
export function readThreadClock(): ThreadClock | undefined {
  try {
    // The first thread of a process has its id.
    const text = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "latin1");
    const [cpu, waited] = text.split(" ").map(Number);
    if (cpu === undefined || waited === undefined || Number.isNaN(cpu + waited)) return undefined;
    return { cpuMs: cpu / 1e6, waitedMs: waited / 1e6 };
  } catch {
    return undefined;
  }
}
