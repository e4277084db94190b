import type { WireError } from "../data-error.ts";
import type { Manifest } from "../manifest.ts";
import type { MigrationsReport, ResolvedMigrationSet } from "../migrations.ts";
import type { ServingNews } from "./serving-news.ts";

/**
 * The states of a ticket. Each call that is on its way to a worker has one, in memory shared with it, so that the main
 * thread can take back what the worker has not begun: both sides swap `ticketWaiting` atomically, and one of them wins.
 */
export const ticketWaiting = 0;
export const ticketRunning = 1;
export const ticketDone = 2;
export const ticketWithdrawn = 3;
/** A write whose transaction is being committed: when the worker dies, nobody knows whether it is stored. */
export const ticketCommitting = 4;

/** Batches that may be on their way to one worker: one that runs, one that waits, so that the worker never idles. */
export const batchesInFlight = 2;

/** What a worker opens the database for. `migrate` applies migrations and ends. */
export type WorkerRole = "reader" | "writer" | "migrate";

/** A worker's `workerData`, under {@link setupKey}. */
export interface WorkerSetup {
  readonly role: WorkerRole;
  readonly file: string;
  /** In the order in which they are applied; `folder` is a path. */
  readonly migrations: readonly ResolvedMigrationSet[];
  /** Whether migrations that the code does not know are let be. Default false. */
  readonly allowNewer?: boolean | undefined;
  readonly busyTimeoutMs: number;
  /** Whether a writer holds the file's serving lock. Default false. */
  readonly servingLock?: boolean | undefined;
  /** The worker's heap, in megabytes. Default: no bound is known, and results have none. */
  readonly heapMb?: number | undefined;
  /** The file that the store has open; undefined for the worker that opens it first. */
  readonly identity?: string | undefined;
  /** Calls in a batch, at most; batch slot `s` owns the tickets from `s * maxBatchCalls`. */
  readonly maxBatchCalls: number;
  /** `Int32Array` of `batchesInFlight * maxBatchCalls` tickets. */
  readonly tickets: SharedArrayBuffer;
}

/** What goes to or comes from a worker in one piece, at most: a quarter of its heap, as values become larger there. */
export function maxTransferBytes(heapMb: number | undefined): number {
  return heapMb === undefined ? Number.POSITIVE_INFINITY : heapMb * 262_144;
}

export const setupKey = "runrpcStore";

/** What a call took, in whole microseconds plus one: a small integer, and never 0, so that its sign can tell of failure. */
export function tookFromMs(tookMs: number): number {
  return 1 + Math.round(tookMs * 1_000);
}

export function msFromTook(took: number): number {
  return (Math.abs(took) - 1) / 1_000;
}

/** Query number of {@link import("./open-store.ts").Store.ping}. */
export const pingQuery = -1;

/** Query number of the ping that writes a page: while writes fail, it tells whether they would again. */
export const pingWriteQuery = -2;

/**
 * Main to worker: a batch as one flat array, `[slot, query, input, query, input, …]` (cheaper to clone than an object
 * for each call), or `"close"`: finish, close the database, end.
 */
export type ToWorker = readonly unknown[] | "close";

/**
 * Worker to main. An array is (part of) the answer to a batch: `[slot, last, index, took, value, index, took, value, …]`,
 * where `last` tells that the slot is free. `took` is as {@link tookFromMs} has it; it is negative
 * when `value` is a {@link WireError} instead of a result.
 */
export type FromWorker =
  | readonly unknown[]
  | Ready
  | { readonly failed: WireError }
  | { readonly serving: ServingNews }
  | { readonly warning: string };

/** A worker's first message: the database is open. */
export interface Ready {
  /** Which file it is; see `identityOf`. */
  readonly identity: string;
  readonly manifest: Manifest;
  readonly migrations: MigrationsReport;
}
