import type { ServerMetrics } from "./server-metrics.ts";
import type { ResolvedSettings } from "./settings.ts";
import type { ServerWatch } from "./watch.ts";

/** What looks on while a server serves; each is undefined where nobody asks for it. */
export interface Onlookers {
  /** Debug mode. */
  readonly watch: ServerWatch | undefined;
  /** Counts for /metrics. */
  readonly counter: ServerMetrics | undefined;
}

/** Takes those that are given, and loads what the settings ask for besides: a server without it has none of its code. */
export async function loadOnlookers(
  given: Partial<Onlookers>,
  { server, debug, metrics }: ResolvedSettings,
): Promise<Onlookers> {
  return {
    watch: given.watch ?? (server.debug ? (await import("../debug/debug.ts")).createDebug(debug) : undefined),
    counter:
      given.counter ??
      (metrics.enabled ? (await import("../metrics/metrics.ts")).createMetrics() : undefined),
  };
}

/** To be called when the server has drained, or did not start. */
export async function closeOnlookers({ watch, counter }: Onlookers): Promise<void> {
  await watch?.close();
  counter?.close();
}
