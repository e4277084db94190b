import type { RequestLogQueries } from "./queries.ts";
import type { RequestLogOptions } from "./writer.ts";

/** Rows in one removal: a write of a few milliseconds at most. */
const maxRemovedRows = 250;

/** Removes rows by age. */
export interface Retention {
  /** Removes what is too old by the clock, and gives the number of rows. Never rejects. */
  removeOld(): Promise<number>;
  /** Ends the removal that is under way, and all later ones. */
  close(): Promise<void>;
}

/** Starts removing rows older than `retentionHours`: at once, and at each interval. 0 hours: never. */
export function createRetention(queries: RequestLogQueries, options: RequestLogOptions): Retention {
  const { retentionHours, log, retentionIntervalMs = 60_000, now = Date.now } = options;
  const closing = new AbortController();
  let removing: Promise<number> | undefined;

  async function removeChunks(): Promise<number> {
    const before = new Date(now() - retentionHours * 3_600_000);
    let total = 0;
    try {
      for (let removed = maxRemovedRows; removed === maxRemovedRows; total += removed) {
        const input = { before, limit: maxRemovedRows };
        removed = await queries.removeRequests(input, { background: true, signal: closing.signal });
      }
    } catch (error) {
      if (!closing.signal.aborted) log.warn({ error }, "old rows of the request log were not removed");
    }
    return total;
  }

  async function removeOld(): Promise<number> {
    if (retentionHours === 0 || closing.signal.aborted) return 0;
    removing ??= removeChunks().finally(() => {
      removing = undefined;
    });
    return removing;
  }

  const timer = setInterval(removeOld, retentionIntervalMs).unref();
  void removeOld();
  return {
    removeOld,
    async close() {
      clearInterval(timer);
      closing.abort();
      await removing;
    },
  };
}
