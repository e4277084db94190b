import type { BudgetOptions } from "./budget.ts";
import type { HeaderLimits } from "./hpack/decoder.ts";

/** What a connection is held to. Times are in milliseconds; 0 switches a time off, but for the first three. */
export interface Http2Options extends HeaderLimits, BudgetOptions {
  /** From the start of a connection to the first SETTINGS of its peer. */
  readonly firstSettingsTimeoutMs: number;
  /** A connection that is to end is given this long from its start for its first stream. */
  readonly firstStreamMs: number;
  /** From our SETTINGS to the peer's acknowledgement. */
  readonly settingsTimeoutMs: number;
  /** From the first byte of a header block to its last. */
  readonly headerBlockTimeoutMs: number;
  /** A connection without an open stream is ended after this. */
  readonly idleTimeoutMs: number;
  /** Between two pings to the peer. */
  readonly pingIntervalMs: number;
  /** A peer that has not answered a ping by then is gone. */
  readonly pingTimeoutMs: number;
  /** How long a peer that has its whole response may go on with its request, before it is told to stop. */
  readonly uploadGraceMs: number;
  /** Open streams, as announced; those above are refused. */
  readonly maxConcurrentStreams: number;
  /** What a peer may send ahead on a stream. A connection makes us hold this for each open stream, at most. */
  readonly streamWindowBytes: number;
  /** What a peer may send ahead on all streams together: it is given back as bytes arrive, so it only fills long lines. */
  readonly connectionWindowBytes: number;
}

/** What to start from. The header limits are SETTINGS_MAX_HEADER_LIST_SIZE as well. */
export const HTTP2_DEFAULTS: Http2Options = {
  maxHeaderBytes: 16_384,
  maxHeaderPairs: 64,
  budgetBurst: 2_000,
  budgetPerSecond: 200,
  firstSettingsTimeoutMs: 10_000,
  firstStreamMs: 1_000,
  settingsTimeoutMs: 20_000,
  headerBlockTimeoutMs: 10_000,
  idleTimeoutMs: 300_000,
  pingIntervalMs: 60_000,
  pingTimeoutMs: 20_000,
  uploadGraceMs: 50,
  maxConcurrentStreams: 100,
  streamWindowBytes: 256 * 1024,
  connectionWindowBytes: 1024 * 1024,
};
