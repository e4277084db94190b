import { openSync, readSync } from "node:fs";

/** What the system knows of the main thread, since its start and in milliseconds. */
export interface ThreadClock {
  /** On a processor. */
  readonly cpuMs: number;
  /** Ready to run, and waiting for a processor. */
  readonly waitedMs: number;
}

/** Longer than two 64-bit numbers and a count. */
const SCHEDSTAT_BYTES = 96;

/**
 * Reads both from Linux (`schedstat` in proc(5), documented in Documentation/scheduler/sched-stats.rst). Gives undefined
 * elsewhere: then the main thread's own processor time is all that is known. The file is opened once, as that costs several
 * times what reading does; it is closed with the thread.
 */
export function openThreadClock(): () => ThreadClock | undefined {
  const bytes = Buffer.alloc(SCHEDSTAT_BYTES);
  let file: number;
  try {
    // The first thread of a process has its id.
    file = openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
  } catch {
    return () => undefined;
  }
  return () => {
    const text = bytes.toString("latin1", 0, readSync(file, bytes, 0, SCHEDSTAT_BYTES, 0));
    const [cpu, waited] = text.split(" ").map(Number);
    if (cpu === undefined || waited === undefined || Number.isNaN(cpu + waited)) return undefined;
    return { cpuMs: cpu / 1e6, waitedMs: waited / 1e6 };
  };
}
