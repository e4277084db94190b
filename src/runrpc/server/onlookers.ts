import type { Call } from "./call/call.ts";
import type { CallWatch } from "./call/call-watch.ts";
import type { ServerMetrics, ServerMonitor } from "./server-metrics.ts";
import type { ServerPage } from "./server-page.ts";
import type { ServerTracing } from "./server-tracing.ts";
import type { ResolvedSettings } from "./settings.ts";
import type { ServerWatch } from "./watch.ts";

/** What looks on while a server serves; each is undefined where nobody asks for it. */
export interface Onlookers {
  /** Debug mode. */
  readonly watch: ServerWatch | undefined;
  /** Counts for /metrics. */
  readonly counter: ServerMetrics | undefined;
  /** What operators are told by. */
  readonly monitor: ServerMonitor | undefined;
  /** Makes spans. */
  readonly tracing: ServerTracing | undefined;
}

/** Takes those that are given, and loads what the settings ask for besides: a server without it has none of its code. */
export async function loadOnlookers(
  given: Partial<Onlookers>,
  { server, debug, metrics, traces }: ResolvedSettings,
): Promise<Onlookers> {
  return {
    watch: given.watch ?? (server.debug ? (await import("../debug/debug.ts")).createDebug(debug) : undefined),
    counter:
      given.counter ??
      (metrics.enabled ? (await import("../metrics/metrics.ts")).createMetrics() : undefined),
    monitor: given.monitor,
    tracing:
      given.tracing ??
      (traces.enabled ? await (await import("../traces/traces.ts")).findTraces(traces) : undefined),
  };
}

/** To be called when the server has drained, or did not start. */
export async function closeOnlookers({ watch, counter, monitor, tracing }: Onlookers): Promise<void> {
  await watch?.close();
  counter?.close();
  monitor?.close();
  tracing?.close();
}

/** What is to be called of each call that has ended; undefined where nobody counts. */
export function countOf({ counter, monitor }: Onlookers): ((call: Call) => void) | undefined {
  if (counter === undefined) return monitor && ((call) => monitor.ended(call));
  if (monitor === undefined) return (call) => counter.ended(call);
  return (call) => {
    counter.ended(call);
    monitor.ended(call);
  };
}

/** What follows a call that has begun; undefined where nobody does, whatever call it is. */
export function watchOf(
  { watch }: Onlookers,
  page: ServerPage | undefined,
): ((call: Call) => CallWatch | undefined) | undefined {
  if (page === undefined) return watch && ((call) => watch.begun(call));
  if (watch === undefined) return (call) => page.begun(call);
  return (call) => both(watch.begun(call), page.begun(call));
}

function both(first: CallWatch, second: CallWatch | undefined): CallWatch {
  if (second === undefined) return first;
  return {
    admitted() {
      first.admitted();
      second.admitted();
    },
    signalMade(signal) {
      first.signalMade(signal);
      second.signalMade(signal);
    },
    handlerDone() {
      first.handlerDone();
      second.handlerDone();
    },
    ended() {
      first.ended();
      second.ended();
    },
  };
}
