import { monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { Exposition } from "./exposition.ts";

type Delays = ReturnType<typeof monitorEventLoopDelay>;

/** How late the event loop is, as the worst of this window and the last one. */
export interface LoopDelay {
  write(exposition: Exposition): void;
  close(): void;
}

/** Between two looks of the sampler, in milliseconds. A delay that is shorter goes unseen. */
const RESOLUTION_MS = 20;

/**
 * How long a window is, in milliseconds. What is told covers one to two of them, so that nothing is missed by who looks once
 * a minute, and several may look: none of them starts the count again.
 */
const WINDOW_MS = 60_000;

const NANOSECONDS = 1e9;

/** What is told of a window, by the end of its metric's name. */
const FIGURES = {
  p50: (delays) => delays.percentile(50),
  p90: (delays) => delays.percentile(90),
  p99: (delays) => delays.percentile(99),
  max: (delays) => delays.max,
} satisfies Record<string, (delays: Delays) => number>;

/** Starts to sample. The sampler itself runs outside of JavaScript. */
export function watchLoopDelay(): LoopDelay {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  let last: Readonly<Record<string, number>> = {};
  const figures = (): Readonly<Record<string, number>> =>
    Object.fromEntries(Object.entries(FIGURES).map(([name, read]) => [name, secondsOf(delays, read)]));
  const timer = setInterval(() => {
    last = figures();
    delays.reset();
  }, WINDOW_MS).unref();
  return {
    write(exposition) {
      for (const [name, value] of Object.entries(figures()))
        exposition.one(
          `nodejs_eventloop_delay_${name}_seconds`,
          "gauge",
          `By how much timers of the event loop came late in the last minute or two, ${name}.`,
          Math.max(value, last[name] ?? 0),
        );
      const { active, idle } = performance.eventLoopUtilization();
      exposition.family(
        "nodejs_eventloop_time_seconds_total",
        "counter",
        "Time in which the event loop ran code (active) or waited for events (idle).",
      );
      exposition.sample(active / 1_000, 'nodejs_eventloop_state="active"');
      exposition.sample(idle / 1_000, 'nodejs_eventloop_state="idle"');
    },
    close() {
      clearInterval(timer);
      delays.disable();
    },
  };
}

/** What the sampler measures is its own interval: the delay is what is above that. */
function secondsOf(delays: Delays, read: (delays: Delays) => number): number {
  // Without a sample its percentiles are 0, and its greatest one is a bound of its own.
  if (delays.count === 0) return 0;
  return Math.max(0, read(delays) / NANOSECONDS - RESOLUTION_MS / 1_000);
}
