import type { CallRecord } from "../server/call/record.ts";
import { createLatest, type Latest } from "./latest.ts";

/** Hands the records of calls that have ended to who follows them. */
export interface Feed {
  take(record: CallRecord): void;
  /** @param recent how many of those that are kept are told first */
  follow(recent: number): Follower;
}

/** Who follows. To be closed. */
export interface Follower {
  /** The latest that have come since the last time, in their order, and how many before them are left out. */
  next(): { readonly records: readonly CallRecord[]; readonly leftOut: number };
  close(): void;
}

/** Records that are kept for who comes later. */
export const MAX_RECENT = 256;

/** Records that wait for one follower. Whoever looks after a burst sees its end, and how much was before it. */
export const MAX_WAITING = 1_000;

/** Makes a feed. */
export function createFeed(): Feed {
  const recent = createLatest<CallRecord>(MAX_RECENT);
  const followers = new Set<Latest<CallRecord>>();
  return {
    take(record) {
      recent.add(record);
      for (const waiting of followers) waiting.add(record);
    },
    follow(count) {
      const waiting = createLatest<CallRecord>(MAX_WAITING);
      if (count > 0) for (const record of recent.look().kept.slice(-count)) waiting.add(record);
      followers.add(waiting);
      return {
        next() {
          const { kept: records, leftOut } = waiting.take();
          return { records, leftOut };
        },
        close: () => followers.delete(waiting),
      };
    },
  };
}
