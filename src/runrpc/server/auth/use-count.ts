import type { ServerLog } from "../log.ts";
import type { KeyStore, KeyUse } from "./key-store.ts";

/** Counts how often each key is used, and reports it in batches. */
export interface UseCounter {
  /** Counts one use at this time (milliseconds since the epoch). */
  add(keyId: string, now: number): void;
  /** Reports what is left, and stops. What the store does not take is logged and lost. */
  close(): Promise<void>;
}

export interface UseCounterOptions {
  readonly keys: Pick<KeyStore, "addUses">;
  readonly log: ServerLog;
  /** From the first use that is not reported to its report, in milliseconds. Default 1,000. */
  readonly reportAfterMs?: number;
  /** How long close waits for the store, in milliseconds. Default 5,000. */
  readonly closeTimeoutMs?: number;
}

interface Use {
  count: number;
  lastUsedAt: number;
}

/** Keys in one report: a statement of a size that any database takes. */
const MAX_KEYS_PER_REPORT = 1000;

/**
 * Makes a counter. One report is under way at a time, and a report that failed is put back and sent again with
 * the next one: each use is added once, as long as the store keeps its promise that a failure adds nothing.
 * Memory is bounded by the number of keys.
 */
export function createUseCounter(options: UseCounterOptions): UseCounter {
  const { keys, log, reportAfterMs = 1000, closeTimeoutMs = 5000 } = options;
  let uses = new Map<string, Use>();
  let reporting: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isFailing = false;
  let isClosed = false;

  return {
    add(keyId, now) {
      const use = uses.get(keyId);
      if (use === undefined) {
        uses.set(keyId, { count: 1, lastUsedAt: now });
        arm();
      } else {
        use.count += 1;
        use.lastUsedAt = now;
      }
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      const { promise: tooLate, resolve } = Promise.withResolvers<boolean>();
      const bound = setTimeout(resolve, closeTimeoutMs, false);
      const isTaken = await Promise.race([tooLate, lastReports()]);
      clearTimeout(bound);
      if (!isTaken) log.error({ keys: uses.size, uses: total(uses) }, "use counts of API keys are lost");
    },
  };

  /** The report under way, then what was counted since; true when nothing is left. */
  async function lastReports(): Promise<boolean> {
    await reporting;
    await report();
    return uses.size === 0;
  }

  function arm(): void {
    if (timer !== undefined || isClosed) return;
    timer = setTimeout(() => {
      timer = undefined;
      void report();
    }, reportAfterMs);
    timer.unref();
  }

  function report(): Promise<void> {
    reporting ??= reportAll().finally(() => {
      reporting = undefined;
      if (uses.size > 0) arm();
    });
    return reporting;
  }

  async function reportAll(): Promise<void> {
    const taken = [...uses];
    for (let at = 0; at < taken.length; at += MAX_KEYS_PER_REPORT) {
      const part = taken.slice(at, at + MAX_KEYS_PER_REPORT);
      // Taken out before the store is asked: what is counted meanwhile starts from zero.
      const batch = part.map(([keyId]) => takeOut(keyId));
      try {
        await keys.addUses(batch);
        if (isFailing) log.info({}, "use counts of API keys are reported again");
        isFailing = false;
      } catch (error) {
        putBack(batch);
        if (!isFailing) log.warn({ err: error }, "use counts of API keys cannot be reported: kept for later");
        isFailing = true;
        return;
      }
    }
  }

  function takeOut(keyId: string): KeyUse {
    const use = uses.get(keyId) ?? { count: 0, lastUsedAt: 0 };
    uses.delete(keyId);
    return { keyId, count: use.count, lastUsedAt: new Date(use.lastUsedAt) };
  }

  function putBack(batch: readonly KeyUse[]): void {
    const merged = new Map(uses);
    for (const { keyId, count, lastUsedAt } of batch) {
      const since = uses.get(keyId);
      merged.set(keyId, {
        count: count + (since?.count ?? 0),
        lastUsedAt: Math.max(lastUsedAt.getTime(), since?.lastUsedAt ?? 0),
      });
    }
    uses = merged;
  }
}

function total(uses: ReadonlyMap<string, Use>): number {
  let sum = 0;
  for (const use of uses.values()) sum += use.count;
  return sum;
}
