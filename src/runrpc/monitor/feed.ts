import type { CallRecord } from "../server/call/record.ts";

/** The records of the calls that have ended, the latest: whoever follows them asks again and again for what came since. */
export interface Feed {
  take(record: CallRecord): void;
  /** Where somebody begins who is to be told the last `count` first. */
  before(count: number): number;
  /**
   * What has ended behind a place, in this order, and how many of it are not kept any more.
   *
   * @param place as `before` gives it, or `next` of the answer before
   */
  since(place: number): {
    readonly records: readonly CallRecord[];
    readonly leftOut: number;
    readonly next: number;
  };
}

/** Records that are kept. */
export const MAX_KEPT = 1_000;

/** Makes a feed. */
export function createFeed(): Feed {
  const kept: CallRecord[] = [];
  let count = 0;
  return {
    take(record) {
      // Requests are large, and told by nobody.
      kept[count++ % MAX_KEPT] = record.request === undefined ? record : { ...record, request: undefined };
    },
    before: (wanted) => Math.max(0, count - wanted),
    since(place) {
      const first = Math.max(place, count - MAX_KEPT);
      const at = (index: number): CallRecord => kept[(first + index) % MAX_KEPT] as CallRecord; // there are so many
      return {
        records: Array.from({ length: Math.max(0, count - first) }, (_, index) => at(index)),
        leftOut: first - place,
        next: count,
      };
    },
  };
}
