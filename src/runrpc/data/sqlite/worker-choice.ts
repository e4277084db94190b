import type { WorkerLink } from "./worker-link.ts";

/** Tells which worker of a crew the next calls are sent to: of those with room the one with the fewest calls. */
export interface WorkerChoice {
  /** For writes and short reads. When all readers are slow, a short read waits behind a long one. */
  forShort(): WorkerLink | undefined;
  /** For long and new reads: a reader that has some already, or one more while another reader is left. */
  forLong(): WorkerLink | undefined;
}

/**
 * @param able those that have opened the database.
 * @param stuck those that give no sign: they are sent nothing.
 * @param keepsReader the last reader without a long read is kept for short ones.
 */
export function createWorkerChoice(
  able: ReadonlySet<WorkerLink>,
  stuck: ReadonlySet<WorkerLink>,
  keepsReader: boolean,
): WorkerChoice {
  /** True for a reader that has a long read, or turned out to have one. */
  function isSlow(link: WorkerLink): boolean {
    return keepsReader && (link.hasLong || stuck.has(link));
  }

  function countSlow(): number {
    let count = 0;
    for (const link of able) if (isSlow(link)) count += 1;
    return count;
  }

  function leastBusy(fits: (link: WorkerLink) => boolean): WorkerLink | undefined {
    let best: WorkerLink | undefined;
    for (const link of able) {
      if (link.freeSlots === 0 || stuck.has(link) || !fits(link)) continue;
      if (best === undefined || link.callsInFlight < best.callsInFlight) best = link;
    }
    return best;
  }

  return {
    forShort() {
      const quick = leastBusy((link) => !isSlow(link));
      if (quick !== undefined) return quick;
      return countSlow() === able.size ? leastBusy(() => true) : undefined;
    },
    forLong() {
      const mayTakeOneMore = countSlow() < Math.max(1, able.size - 1);
      return leastBusy((link) => mayTakeOneMore || isSlow(link));
    },
  };
}
