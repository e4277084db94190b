import type { Call } from "./call/call.ts";
import type { Route } from "./routes/routes.ts";
import type { ServerStats } from "./stats.ts";

/**
 * What counts while a server serves, for /metrics: the server declares it and knows nothing of what it does. A server
 * without it has no hook of it on the way of a call.
 */
export interface ServerMetrics {
  /** The server listens, and has told nobody yet. */
  start(server: CountedServer): void;
  /** A call has ended: its messages, its bytes and its outcome are final. */
  ended(call: Call): void;
  /** All metrics of this moment, in Prometheus' text format 0.0.4. */
  exposition(): string;
  /** The server has drained, or did not start. */
  close(): void;
}

/** What of a server is counted. */
export interface CountedServer {
  /** Every method that is served, the built-in ones too. */
  readonly routes: readonly Route[];
  readonly openCalls: () => Iterable<Call>;
  readonly stats: () => ServerStats;
}
