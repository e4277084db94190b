import type { StartChore } from "../../data/chore.ts";
import type { RequestLogQueries } from "./queries.ts";

/** Rows in one removal: a write of a few milliseconds at most. */
const maxRemovedRows = 250;

/** Between two looks for rows that are too old, and between a removal that failed and the next try. */
const intervalMs = 60_000;

/**
 * Has rows older than `retentionHours` removed, at the start and once a minute, by a chore that `start` starts. 0 hours: never.
 *
 * @param now the clock, in milliseconds since 1970
 */
export function startRetention(
  queries: Pick<RequestLogQueries, "removeRequests">,
  retentionHours: number,
  start: StartChore,
  now: () => number = () => Date.now(),
): void {
  if (retentionHours === 0) return;
  start(
    "old rows of the request log",
    async (options) => {
      const before = new Date(now() - retentionHours * 3_600_000);
      const removed = await queries.removeRequests({ before, limit: maxRemovedRows }, options);
      return removed === maxRemovedRows;
    },
    { everyMs: intervalMs, retryAfterMs: intervalMs },
  );
}

/** Rows that are looked at for requests which are to go: some tens of milliseconds of a reader. */
const maxScannedRows = 50_000;

/** Has the requests of all but the `newest` calls removed, at the start and once a minute; their rows stay. */
export function startRequestRetention(
  queries: Pick<RequestLogQueries, "findKeptRequests" | "forgetRequests">,
  newest: number,
  start: StartChore,
): void {
  let after = 0;
  start(
    "requests in the request log",
    async (options) => {
      const search = { after, newest, limit: maxRemovedRows, maxScanned: maxScannedRows };
      const { ids, next, isLast } = await queries.findKeptRequests(search, options);
      if (ids.length > 0) await queries.forgetRequests({ ids }, options);
      after = next;
      return !isLast;
    },
    { everyMs: intervalMs, retryAfterMs: intervalMs },
  );
}
