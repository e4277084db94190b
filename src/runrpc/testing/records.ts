import type { CallRecord } from "../server/call/record.ts";

/** The records of calls, kept, and to be waited for. */
export interface Records {
  readonly all: readonly CallRecord[];
  take(record: CallRecord): void;
  next(): Promise<CallRecord>;
}

export function createRecords(): Records {
  const all: CallRecord[] = [];
  const waiting: ((record: CallRecord) => void)[] = [];
  let asked = 0;
  return {
    all,
    take(record) {
      all.push(record);
      waiting.shift()?.(record);
    },
    next() {
      const record = all[asked++];
      return record === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(record);
    },
  };
}
