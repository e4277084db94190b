import type { LogLine } from "./row.ts";

/** Lines in one insert, at most one message's worth more. */
const maxBatchLines = 1_000;

/** Characters in one insert, at most one message's worth more. */
const maxBatchChars = 4_194_304;

/** Inserts under way at a time: while one is on its way to the disk, the next one is on its way to the database. */
const maxInserts = 2;

/** Gathers the lines of one upload into inserts. */
export interface Upload {
  /** Takes lines; resolves when there is room for more. Rejects when an insert failed. */
  add(lines: readonly LogLine[]): Promise<void>;
  /** Stores what is left; resolves with the number of lines that are committed. Rejects when an insert failed. */
  finish(): Promise<number>;
  /** Drops what is not on its way yet. */
  discard(): void;
}

/**
 * Makes an upload. Lines that arrive within one turn of the event loop go together, and more of them do while inserts
 * are under way; what waits is bounded. `insert` stores all of the lines or none, and gives their number.
 */
export function createUpload(insert: (lines: readonly LogLine[]) => Promise<number>): Upload {
  let waiting: LogLine[] = [];
  let waitingChars = 0;
  let inserts = 0;
  let committed = 0;
  let failure: { readonly reason: unknown } | undefined;
  let turn: NodeJS.Immediate | undefined;
  let moved = Promise.withResolvers<void>();

  const throwIfFailed = (): void => {
    if (failure !== undefined) throw failure.reason;
  };
  const isFull = (): boolean => waiting.length >= maxBatchLines || waitingChars >= maxBatchChars;

  function flush(): void {
    clearImmediate(turn);
    turn = undefined;
    if (waiting.length === 0 || inserts === maxInserts || failure !== undefined) return;
    const lines = waiting;
    waiting = [];
    waitingChars = 0;
    inserts++;
    void store(lines);
  }

  async function store(lines: readonly LogLine[]): Promise<void> {
    try {
      // Not `committed += await`: that would add to what was committed before the wait.
      const count = await insert(lines);
      committed += count;
    } catch (reason) {
      failure ??= { reason };
      discard();
    }
    inserts--;
    flush();
    const { resolve } = moved;
    moved = Promise.withResolvers();
    resolve();
  }

  function discard(): void {
    waiting = [];
    waitingChars = 0;
    clearImmediate(turn);
  }

  return {
    discard,
    async add(lines) {
      throwIfFailed();
      for (const line of lines) {
        waiting.push(line);
        waitingChars += line.size;
      }
      if (isFull()) flush();
      else turn ??= setImmediate(flush);
      while (isFull()) await moved.promise;
      throwIfFailed();
    },
    async finish() {
      flush();
      while (inserts > 0) await moved.promise;
      throwIfFailed();
      return committed;
    },
  };
}
