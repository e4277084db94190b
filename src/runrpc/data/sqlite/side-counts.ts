import type { SideStats } from "../store.ts";

/** What a side has sent since the start. */
export interface SideCounts {
  /** A message with so many calls has been sent. */
  sent(calls: number): void;
  /** Calls were taken from one worker for another. */
  moved(calls: number): void;
  read(): Pick<SideStats, "calls" | "batches" | "batchSizes" | "moved">;
}

/** @param maxBatchCalls the calls of one message, at most. */
export function createSideCounts(maxBatchCalls: number): SideCounts {
  const counts = { calls: 0, batches: 0, moved: 0 };
  const batchSizes = new Array<number>(powerOf(maxBatchCalls) + 1).fill(0);
  return {
    sent(calls) {
      counts.calls += calls;
      counts.batches += 1;
      const power = powerOf(calls);
      batchSizes[power] = (batchSizes[power] ?? 0) + 1;
    },
    moved(calls) {
      counts.moved += calls;
    },
    read: () => ({ ...counts, batchSizes: [...batchSizes] }),
  };
}

/** The exponent of the least power of two that is no less than a whole number from 1. */
function powerOf(count: number): number {
  return 32 - Math.clz32(count - 1);
}
