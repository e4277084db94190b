import {
  type ByteBudget,
  type CallQueue,
  createCallQueue,
  type PendingCall,
  type Room,
} from "../call-queue.ts";
import { DataError } from "../data-error.ts";
import { createQueryCosts, type QueryClass } from "./query-costs.ts";
import type { ResolvedSqliteOptions } from "./store-options.ts";
import { maxTransferBytes } from "./thread-protocol.ts";

/**
 * The calls of one side that wait for a worker. Reads wait in three queues, by what is known of them: short ones; long
 * ones, which took more than a moment the last times; and those that never ran. With a single reader there is none to keep
 * for short ones, and all reads are alike.
 */
export interface WaitingCalls {
  /** Short reads, and writes. */
  readonly foreground: CallQueue;
  /** Reads of queries that never ran. */
  readonly fresh: CallQueue;
  readonly long: CallQueue;
  readonly background: CallQueue;
  /** Of all queues. */
  readonly size: number;
  /** What the input of a call may hold, about. */
  readonly maxInputBytes: number;
  /** @throws DataError `resource_exhausted` when its queue is full, or its input too large. */
  add(call: PendingCall): void;
  /** Puts calls first that have been taken. */
  giveBack(calls: readonly PendingCall[]): void;
  /** Takes all of all queues. */
  takeAll(): PendingCall[];
  /** What is known of a query. */
  classOf(query: number): QueryClass;
  /** Notes what a run of a query took; its calls go where they belong when that makes it a short or a long one. */
  ran(query: number, tookMs: number): void;
}

/**
 * @param sortsReads there are several readers, one of which is kept for short reads.
 * @param createQueue makes the queues. Default: calls go in the order in which they came.
 */
export function createWaitingCalls(
  kind: "read" | "write",
  options: ResolvedSqliteOptions,
  bytes: ByteBudget,
  sortsReads: boolean,
  createQueue: (room: Room) => CallQueue = createCallQueue,
): WaitingCalls {
  const maxInputBytes = maxTransferBytes(options.heapMb);
  const roomOf = (what: string, option: string, max: number): Room => ({
    waiting: 0,
    what,
    option,
    max,
    bytes,
  });
  const foregroundRoom =
    kind === "read"
      ? roomOf("reads", "maxQueuedReads", options.maxQueuedReads)
      : roomOf("writes", "maxQueuedWrites", options.maxQueuedWrites);
  const foreground = createQueue(foregroundRoom);
  const fresh = createQueue(foregroundRoom);
  const long = createQueue(foregroundRoom);
  const background = createQueue(
    roomOf("background writes", "maxQueuedBackgroundWrites", options.maxQueuedBackgroundWrites),
  );
  const costs = createQueryCosts();

  function queueOf(call: PendingCall): CallQueue {
    if (call.background) return background;
    if (!sortsReads) return foreground;
    const queryClass = costs.classOf(call.query);
    if (queryClass === "long") return long;
    // What waited behind a long read, without having run, may be any query.
    return queryClass === "new" && !call.hasMoved ? fresh : foreground;
  }

  return {
    foreground,
    fresh,
    long,
    background,
    get size() {
      return foreground.size + fresh.size + long.size + background.size;
    },
    maxInputBytes,
    add(call) {
      if (call.bytes > maxInputBytes) {
        throw new DataError(
          "resource_exhausted",
          `the input of a query holds ${call.bytes} bytes or more, above the maximum of ${maxInputBytes}, a quarter of heapMb`,
        );
      }
      queueOf(call).add(call);
    },
    giveBack(calls) {
      for (const call of calls) queueOf(call).giveBack(call);
    },
    takeAll: () => [foreground, fresh, long, background].flatMap((queue) => queue.takeAll()),
    classOf: (query) => costs.classOf(query),
    ran(query, tookMs) {
      if (!sortsReads || !costs.ran(query, tookMs)) return;
      for (const queue of [foreground, fresh, long]) queue.sort(queueOf);
    },
  };
}
