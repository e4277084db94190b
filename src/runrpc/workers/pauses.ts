import { setTimeout as delay } from "node:timers/promises";

/** The first pause, and what pauses grow to, in milliseconds. */
const PAUSE_MS = { first: 100, greatest: 5_000 } as const;

/** How long a death is remembered, in milliseconds. */
const RECENT_MS = 60_000;

/** How long to wait before another worker takes the place of one that has died: not at all at first, then longer and longer. */
export interface Pauses {
  /** Notes a death, and resolves when its place may be filled, or when the signal aborts. */
  wait(signal: AbortSignal): Promise<void>;
}

export function createPauses(): Pauses {
  let recent: number[] = [];
  return {
    async wait(signal) {
      const now = performance.now();
      recent = [...recent.filter((at) => now - at < RECENT_MS), now].slice(-MAX_RECENT);
      const pauseMs = recent.length === 1 ? 0 : PAUSE_MS.first * 2 ** (recent.length - 2);
      await delay(Math.min(pauseMs, PAUSE_MS.greatest), undefined, { signal }).catch(() => {});
    },
  };
}

/** With so many deaths the pause is at its greatest. */
const MAX_RECENT = 8;
