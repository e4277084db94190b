import type { HealthLook } from "./builtin/health.ts";
import type { Call } from "./call/call.ts";
import type { OpenCall } from "./call/open-call.ts";
import type { Route } from "./routes/routes.ts";
import type { ServiceDefinition, ThreadStats } from "./routes/service.ts";
import type { ServerStats } from "./stats.ts";

/**
 * What counts calls while a server serves: the server declares it and knows nothing of what it does. A server without any
 * has no hook of it on the way of a call.
 */
export interface CallCounter {
  /** The server listens, and has told nobody yet. */
  start(server: CountedServer): void;
  /** A call has ended: its messages, its bytes and its outcome are final. */
  ended(call: Call): void;
  /** The server has drained, or did not start. */
  close(): void;
}

/** What counts for /metrics. */
export interface ServerMetrics extends CallCounter {
  /** All metrics of this moment, in Prometheus' text format 0.0.4. */
  exposition(): string | Promise<string>;
}

/** What operators are told by. */
export interface ServerMonitor extends CallCounter {
  /** Services of its own, which are served beside the others. */
  readonly services: readonly ServiceDefinition[];
  /** The server accepts nothing more: streams that only look on are to end with the last of the others. */
  drain(): void;
}

/** What of a server is counted. */
export interface CountedServer {
  /** Every method that is served, the built-in ones too. */
  readonly routes: readonly Route[];
  readonly openCalls: () => Iterable<Call>;
  /** The same as they are shown, the oldest first. */
  readonly shownCalls: () => readonly OpenCall[];
  readonly stats: () => ServerStats;
  /** Rejects only when the signal aborts. */
  readonly followHealth: (signal: AbortSignal) => Promise<HealthLook>;
  /** What threads do, by the name of their service. */
  readonly threads: () => Readonly<Record<string, ThreadStats>>;
}
