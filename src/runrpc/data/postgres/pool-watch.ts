import type { StoreLog } from "../trouble.ts";

/** Tells the log when calls wait for connections, and none takes any: what runs on them holds all. */
export interface PoolWatch {
  /** Calls wait. */
  waits(): void;
  /** A connection has taken one. */
  took(): void;
  close(): void;
}

/** What a watch looks at. */
export interface PoolWatchOptions {
  readonly log: StoreLog | undefined;
  /** How many connections there may be. */
  readonly max: number;
  /** How many there are. */
  readonly open: () => number;
  /** Calls that wait. */
  readonly queued: () => number;
}

/** For so long no connection has taken a call, in milliseconds: as long as a health probe waits. */
const heldMs = 2_000;

/** Between two lines of the log, in milliseconds. */
const repeatAfterMs = 60_000;

export function createPoolWatch({ log, max, open, queued }: PoolWatchOptions): PoolWatch {
  let timer: NodeJS.Timeout | undefined;
  let heldSinceMs = 0;
  let toldAtMs = Number.NEGATIVE_INFINITY;

  function look(): void {
    timer = undefined;
    const waiting = queued();
    if (waiting === 0) return;
    const nowMs = performance.now();
    const leftMs = heldSinceMs + heldMs - nowMs;
    timer = setTimeout(look, leftMs > 0 ? leftMs : heldMs).unref();
    // Where fewer are open than may be, the server is slow to open them.
    if (leftMs > 0 || open() < max || nowMs - toldAtMs < repeatAfterMs) return;
    toldAtMs = nowMs;
    const ms = Math.round(nowMs - heldSinceMs);
    log?.warn(
      { connections: max, waiting, heldMs: ms },
      `all ${max} connections of this process to the database (database.connections) have been held for ${ms} ms, and ${waiting} calls wait: statements are slow, or there are too few connections`,
    );
  }

  return {
    waits() {
      if (timer !== undefined) return;
      heldSinceMs = performance.now();
      timer = setTimeout(look, heldMs).unref();
    },
    took() {
      if (timer !== undefined) heldSinceMs = performance.now();
    },
    close: () => clearTimeout(timer),
  };
}
