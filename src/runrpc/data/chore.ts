import type { WriteOptions } from "./query-proxy.ts";

/** Work that is done step by step behind all other writes, until nothing of it is left. */
export interface Chore {
  /** There may be something to do. */
  wake(): void;
  /** Resolves when nothing is left, or the chore is closed. */
  done(): Promise<void>;
  /** Ends it after the step that runs; what is left is done after the next start. */
  close(): Promise<void>;
}

/**
 * Starts work that is done step by step behind all other writes. `step` is a write that does a few milliseconds' worth and
 * resolves to true while there is more: it is called at the start, for what an earlier run left, whenever the function
 * that this returns says that there is something to do, and by the clock where `everyMs` is given. It ends with the
 * application.
 *
 *     const wake = chore("what deleted users owned", (options) => queries.users.removeDeleted(undefined, options));
 */
export type StartChore = (
  what: string,
  step: (options: WriteOptions) => Promise<boolean>,
  times?: ChoreTimes,
) => () => void;

/** When a chore looks again. */
export interface ChoreTimes {
  /** Wakes the chore by itself, at this interval in milliseconds. Default: only `wake` does. */
  readonly everyMs?: number | undefined;
  /** Between a step that failed and the next try, in milliseconds. Default 5,000. */
  readonly retryAfterMs?: number | undefined;
}

/** How a chore is told of trouble, and when it looks again. */
export interface ChoreOptions extends ChoreTimes {
  /** Told of each step that failed. It is tried again. */
  readonly onError: (error: unknown) => void;
}

/**
 * Starts a chore. `step` is a write that does a few milliseconds' worth and resolves to true while there is more; it is
 * called at the start, for what an earlier run left, and again until it resolves to false; then whenever the chore is
 * woken, or by the clock. Each step is a background write, so that others go between two of them.
 *
 *     const chore = createChore((options) => queries.users.removeDeleted(undefined, options), { onError });
 */
export function createChore(
  step: (options: WriteOptions) => Promise<boolean>,
  { onError, everyMs, retryAfterMs = 5_000 }: ChoreOptions,
): Chore {
  const closing = new AbortController();
  const { signal } = closing;
  let running: Promise<void> | undefined;
  let isWoken = false;
  let retry: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    do {
      isWoken = false;
      while (!signal.aborted && (await step({ background: true, signal }))) {}
    } while (isWoken && !signal.aborted);
  }

  function failed(error: unknown): void {
    if (signal.aborted) return;
    onError(error);
    retry = setTimeout(() => {
      retry = undefined;
      wake();
    }, retryAfterMs).unref();
  }

  function wake(): void {
    isWoken = true;
    if (running !== undefined || retry !== undefined || signal.aborted) return;
    running = run()
      .catch(failed)
      .finally(() => {
        running = undefined;
        if (isWoken) wake();
      });
  }

  async function done(): Promise<void> {
    while (running !== undefined) await running;
  }

  const clock = everyMs === undefined ? undefined : setInterval(wake, everyMs).unref();
  wake();
  return {
    wake,
    done,
    async close() {
      closing.abort();
      clearInterval(clock);
      clearTimeout(retry);
      await done();
    },
  };
}
