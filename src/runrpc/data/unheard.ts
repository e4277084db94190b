import type { StoreLog } from "./trouble.ts";

/** Between two lines about the same query, in milliseconds: one that is called in a loop fails many times. */
const REPEAT_AFTER_MS = 1_000;

/**
 * Tells of queries that were rejected and that nobody awaits, by their names. Without a log Node's own warning takes the
 * line, which goes to standard error.
 */
export function createUnheard(
  log: StoreLog | undefined,
  now: () => number = () => performance.now(),
): (query: string, reason: unknown) => void {
  const told = new Map<string, { atMs: number; untold: number }>();
  return (query, reason) => {
    const last = told.get(query);
    if (last !== undefined && now() - last.atMs < REPEAT_AFTER_MS) {
      last.untold++;
      return;
    }
    told.set(query, { atMs: now(), untold: 0 });
    const message = `the query ${query} was rejected and nobody awaits it: is an \`await\` missing?`;
    if (log === undefined) process.emitWarning(`${message} ${String(reason).slice(0, 1_000)}`);
    else log.error({ err: reason, query, untold: last?.untold ?? 0 }, message);
  };
}
