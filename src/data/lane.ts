import { type CallQueue, createCallQueue, type PendingCall, startCall } from "./call-queue.ts";
import { DataError } from "./data-error.ts";
import type { CallOptions } from "./query-proxy.ts";
import type { ResolvedStoreOptions } from "./store-options.ts";
import type { Ready } from "./thread-protocol.ts";
import { createCrew } from "./worker-crew.ts";
import type { WorkerLink } from "./worker-link.ts";

/** The way of one kind of call to its workers: bounded queues here, workers that are sent batches from them. */
export interface Lane {
  start(): Promise<Ready>;
  call(query: number, input: unknown, options: CallOptions | undefined): Promise<unknown>;
  stats(): LaneStats;
  /** Refuses calls from here on; resolves when the accepted ones have been answered. */
  drain(): Promise<void>;
  /** Drains, then ends the workers. */
  close(): Promise<void>;
}

/** Counts since the start, but for `queued` and `inFlight`, which are of this moment. */
export interface LaneStats {
  /** Calls that wait for a worker. */
  readonly queued: number;
  /** Calls sent to a worker and not answered. */
  readonly inFlight: number;
  /** Calls sent to a worker; one that moved counts twice. */
  readonly calls: number;
  /** Messages they were sent in: for the writer, the number of its transactions. */
  readonly batches: number;
  /** Reads taken from behind a slow one and given to another reader. */
  readonly moved: number;
  readonly workersReplaced: number;
}

/** Makes the lane of the readers, or that of the one writer. */
export function createLane(kind: "read" | "write", options: ResolvedStoreOptions): Lane {
  const isRead = kind === "read";
  const maxBatchCalls = isRead ? options.maxBatchReads : options.maxBatchWrites;
  const maxBatchBackground = Math.min(maxBatchCalls, options.maxBatchBackgroundWrites);
  const foreground = isRead
    ? createCallQueue("reads", "maxQueuedReads", options.maxQueuedReads)
    : createCallQueue("writes", "maxQueuedWrites", options.maxQueuedWrites);
  const background = createCallQueue(
    "background writes",
    "maxQueuedBackgroundWrites",
    options.maxQueuedBackgroundWrites,
  );
  const stuck = new Set<WorkerLink>();
  const counts = { calls: 0, batches: 0, moved: 0 };
  let isFlushing = false;
  let watch: NodeJS.Timeout | undefined;
  let drained: PromiseWithResolvers<void> | undefined;
  let closed: Promise<void> | undefined;

  const crew = createCrew(isRead ? options.readers : 1, linkOptions(), {
    onAble(link) {
      stuck.delete(link);
      flushSoon();
    },
    onLost(waiting) {
      for (const call of waiting) (call.background ? background : foreground).giveBack(call);
      flushSoon();
    },
    onHelpless(reason) {
      for (const queue of [foreground, background]) {
        for (const call of queue.take(Number.POSITIVE_INFINITY)) call.reject(reason);
      }
      flushSoon();
    },
  });

  function linkOptions() {
    const { file, worker, migrations, busyTimeoutMs } = options;
    return {
      role: isRead ? "reader" : "writer",
      file,
      worker,
      migrations,
      busyTimeoutMs,
      maxBatchCalls,
    } as const;
  }

  /** All calls that one turn of the event loop makes go in one message: the immediate runs after them. */
  function flushSoon(): void {
    if (isFlushing) return;
    isFlushing = true;
    setImmediate(flush);
  }

  function flush(): void {
    isFlushing = false;
    for (let link = leastBusy(); link !== undefined; link = leastBusy()) {
      const queue = nextQueue();
      if (queue === undefined) break;
      const calls = queue.take(queue === background ? maxBatchBackground : maxBatchCalls);
      counts.calls += calls.length;
      counts.batches += 1;
      link.send(calls);
    }
    if (isRead && options.readers > 1 && mayGetStuck())
      watch ??= setTimeout(moveReads, options.moveReadsAfterMs);
    if (drained !== undefined && isIdle()) drained.resolve();
  }

  function nextQueue(): CallQueue | undefined {
    if (foreground.size > 0) return foreground;
    return background.size > 0 ? background : undefined;
  }

  function leastBusy(): WorkerLink | undefined {
    let best: WorkerLink | undefined;
    for (const link of crew.able) {
      if (link.freeSlots === 0 || stuck.has(link)) continue;
      if (best === undefined || link.callsInFlight < best.callsInFlight) best = link;
    }
    return best;
  }

  /** A reader that gives no sign runs a slow query: what it has not begun, another one can answer. */
  function moveReads(): void {
    watch = undefined;
    // Its answer may have arrived while this thread was busy: messages come before the immediate.
    setImmediate(() => {
      const overdue = performance.now() - options.moveReadsAfterMs;
      for (const link of crew.able) {
        if (link.callsInFlight === 0 || link.lastSignMs > overdue || stuck.has(link)) continue;
        stuck.add(link);
        const calls = link.takeBackReads();
        counts.moved += calls.length;
        for (const call of calls) foreground.giveBack(call);
      }
      flush();
    });
  }

  function mayGetStuck(): boolean {
    for (const link of crew.able) if (link.callsInFlight > 0 && !stuck.has(link)) return true;
    return false;
  }

  function inFlight(): number {
    let sum = 0;
    for (const link of crew.able) sum += link.callsInFlight;
    return sum;
  }

  function isIdle(): boolean {
    return foreground.size + background.size + inFlight() === 0;
  }

  function drain(): Promise<void> {
    drained ??= Promise.withResolvers();
    flushSoon();
    return drained.promise;
  }

  async function finish(): Promise<void> {
    await drain();
    clearTimeout(watch);
    await crew.close();
  }

  function admit(call: PendingCall): void {
    if (drained !== undefined) throw new DataError("unavailable", "the store is closed");
    (call.background ? background : foreground).add(call);
    flushSoon();
  }

  return {
    start: () => crew.start(),
    call: (query, input, callOptions) => startCall(query, input, callOptions, admit),
    stats: () => ({
      queued: foreground.size + background.size,
      inFlight: inFlight(),
      ...counts,
      workersReplaced: crew.replaced,
    }),
    drain,
    close() {
      closed ??= finish();
      return closed;
    },
  };
}
