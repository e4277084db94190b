/** What the processes of one application ask and tell each other about. */
export const ABOUT = {
  /** Asked of a worker: its own. Asked of the primary: those of all. Told by a worker at its end. */
  metrics: "metrics",
  /** Asked of a worker: the key that it has made; empty where there are keys. */
  developmentKey: "development key",
  /** Asked of a worker, in debug mode: its open calls as JSON. */
  openCalls: "open calls",
  /** Told by a worker, and to the first one: there may be something to do for the chore of this name. */
  wakeChore: "wake chore",
} as const;

/** How long metrics are waited for, in milliseconds: those of one worker, and those of all. */
export const METRICS_TIMEOUT_MS = { one: 1_000, all: 5_000 } as const;
