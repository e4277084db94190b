import type { CallRecord } from "../server/call/record.ts";

/** Hands the records of calls that have ended to who follows them. */
export interface Feed {
  take(record: CallRecord): void;
  /** @param recent how many of those that are kept are told first */
  follow(recent: number): Follower;
}

/** Who follows. To be closed. */
export interface Follower {
  /** What has come since the last time, in this order, and how many more came than are kept. */
  next(): { readonly records: readonly CallRecord[]; readonly leftOut: number };
  close(): void;
}

/** Records that are kept for who comes later. */
export const MAX_RECENT = 256;

/** Records that wait for one follower. */
const MAX_WAITING = 1_000;

/** Makes a feed. */
export function createFeed(): Feed {
  const recent: CallRecord[] = [];
  const followers = new Set<(record: CallRecord) => void>();
  return {
    take(record) {
      if (recent.push(record) > MAX_RECENT) recent.shift();
      for (const hear of followers) hear(record);
    },
    follow(count) {
      let waiting = count === 0 ? [] : recent.slice(-count);
      let leftOut = 0;
      const hear = (record: CallRecord): void => {
        if (waiting.length < MAX_WAITING) waiting.push(record);
        else leftOut++;
      };
      followers.add(hear);
      return {
        next() {
          const found = { records: waiting, leftOut };
          waiting = [];
          leftOut = 0;
          return found;
        },
        close: () => followers.delete(hear),
      };
    },
  };
}
