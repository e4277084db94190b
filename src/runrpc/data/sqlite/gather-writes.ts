import type { Batch } from "./batch.ts";

/** Finds the batches that share a commit. */
export interface Gathering {
  /** A transaction begins with this batch. */
  begin(first: Batch): void;
  /** The next batch of the transaction; undefined when it is time to commit. */
  next(): Batch | undefined;
  /** It has ended, after a commit that took so long. */
  end(commitMs: number): void;
}

/** Where batches come from. */
export interface Arrivals {
  /** True when one has come. */
  isThere(): boolean;
  /** Takes one that has come and has no more than so many calls. */
  take(maxCalls: number): Batch | undefined;
  /** Holds the thread until one comes; false when that takes longer than `maxMs`. */
  wait(maxMs: number): boolean;
}

/** Waits for others, for each commit: this part of what the last one took. */
const patience = 0.5;

/** When this part of the expected calls is there, the rest is worth no wait. */
const most = 0.75;

/** Commits without a wait, after waits in vain: doubled with each, up to this. */
const greatestPause = 64;

/** One batch, one commit. */
export const noGathering: Gathering = { begin() {}, next: () => undefined, end() {} };

/**
 * Takes into a transaction what comes until its commit. Processes that the last commit has answered are likely to write again
 * at once: while most of their calls are missing, the commit waits for them a little. Without that the writes of two processes
 * would take turns, half of them in each commit. After a wait in vain the next commits do not wait.
 */
export function createGathering(arrivals: Arrivals, maxCalls: number): Gathering {
  const last = { calls: 0, commitMs: 0 };
  let calls = 0;
  let expected = 0;
  let patienceMs = 0;
  let othersCame = false;
  let pause = 1;
  let untilWait = 0;

  function take(): Batch | undefined {
    const batch = arrivals.take(maxCalls - calls);
    calls += batch?.size ?? 0;
    return batch;
  }

  function wait(): boolean {
    const sinceMs = performance.now();
    const came = arrivals.wait(patienceMs);
    patienceMs -= performance.now() - sinceMs;
    pause = came ? 1 : Math.min(2 * pause, greatestPause);
    untilWait = came ? 0 : pause;
    return came;
  }

  return {
    begin(first) {
      calls = first.size;
      // Those of a batch that came before the last answers are others than those that were answered.
      expected = Math.min(last.calls + (othersCame ? calls : 0), maxCalls);
      patienceMs = untilWait > 0 ? 0 : patience * last.commitMs;
      if (untilWait > 0) untilWait -= 1;
    },
    next() {
      const batch = take();
      if (batch !== undefined || arrivals.isThere() || calls >= most * expected || patienceMs <= 0)
        return batch;
      return wait() ? take() : undefined;
    },
    end(commitMs) {
      last.calls = calls;
      last.commitMs = commitMs;
      othersCame = arrivals.isThere();
    },
  };
}
