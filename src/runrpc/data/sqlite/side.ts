import {
  type ByteBudget,
  type CallQueue,
  createCallQueue,
  type PendingCall,
  type Room,
  startCall,
} from "../call-queue.ts";
import { DataError } from "../data-error.ts";
import type { CallOptions } from "../query-proxy.ts";
import type { SideStats } from "../store.ts";
import type { TroubleWatch } from "../trouble.ts";
import { createQueryCosts, shortMs } from "./query-costs.ts";
import type { ResolvedSqliteOptions } from "./store-options.ts";
import { maxTransferBytes, type Ready } from "./thread-protocol.ts";
import { createCrew } from "./worker-crew.ts";
import type { LinkOptions, WorkerLink } from "./worker-link.ts";

/** The way of one kind of call to its workers: bounded queues here, workers that are sent batches from them. */
export interface Side {
  /** `identity` is that of the file, when the other side has opened it. */
  start(identity?: string): Promise<Ready>;
  call(query: number, input: unknown, options: CallOptions | undefined): Promise<unknown>;
  stats(): SideStats;
  /** Refuses calls from here on; resolves when the accepted ones have been answered. */
  drain(): Promise<void>;
  /** Drains, then ends the workers. */
  close(): Promise<void>;
}

/** What the two sides of a store share. */
export interface Shared {
  readonly bytes: ByteBudget;
  readonly trouble: TroubleWatch;
}

/**
 * Makes the side that reads, of several workers, or the one that writes, of one.
 *
 * Reads wait in three queues, by what is known of them: short ones; long ones, which took more than a moment the last
 * times; and those that never ran. Long and new ones are not sent to the last reader that has none, so that key look-ups
 * and their like are answered however many long reads there are. With a single reader there is none to keep, and all reads
 * are alike: a long one holds up the others.
 */
export function createSide(kind: "read" | "write", options: ResolvedSqliteOptions, shared: Shared): Side {
  const isRead = kind === "read";
  const maxInputBytes = maxTransferBytes(options.heapMb);
  const keepsReader = isRead && options.readers > 1;
  const maxBatchCalls = isRead ? options.maxBatchReads : options.maxBatchWrites;
  const maxBatchBackground = Math.min(maxBatchCalls, options.maxBatchBackgroundWrites);
  const foregroundRoom = isRead
    ? roomOf("reads", "maxQueuedReads", options.maxQueuedReads)
    : roomOf("writes", "maxQueuedWrites", options.maxQueuedWrites);
  const foreground = createCallQueue(foregroundRoom);
  const fresh = createCallQueue(foregroundRoom);
  const long = createCallQueue(foregroundRoom);
  const background = createCallQueue(
    roomOf("background writes", "maxQueuedBackgroundWrites", options.maxQueuedBackgroundWrites),
  );
  const queues = [foreground, fresh, long, background];
  const costs = createQueryCosts();
  const stuck = new Set<WorkerLink>();
  const counts = { calls: 0, batches: 0, moved: 0 };
  const batchSizes = new Array<number>(powerOf(maxBatchCalls) + 1).fill(0);
  let isFlushing = false;
  let watch: NodeJS.Timeout | undefined;
  let drained: PromiseWithResolvers<void> | undefined;
  let closed: Promise<void> | undefined;

  const crew = createCrew(isRead ? options.readers : 1, linkOptions(), {
    onAble(link, news) {
      stuck.delete(link);
      if (news !== undefined) shared.trouble.tell(kind, news);
      flushSoon();
    },
    onTook(query, tookMs) {
      if (keepsReader) ran(query, tookMs);
    },
    onDeath(reason) {
      shared.trouble.tell(kind, { worked: false, error: reason });
    },
    onLost(waiting) {
      for (const call of waiting) queueOf(call).giveBack(call);
      flushSoon();
    },
    onHelpless(reason) {
      shared.trouble.tell(kind, { worked: false, error: reason });
      for (const queue of queues) for (const call of queue.takeAll()) call.reject(reason);
      flushSoon();
    },
  });

  function roomOf(what: string, option: string, max: number): Room {
    return { waiting: 0, what, option, max, bytes: shared.bytes };
  }

  function linkOptions(): LinkOptions {
    const { file, worker, migrations, allowNewer, busyTimeoutMs, heapMb } = options;
    const role = isRead ? "reader" : "writer";
    return { role, file, worker, migrations, allowNewer, busyTimeoutMs, heapMb, maxBatchCalls };
  }

  function queueOf(call: PendingCall): CallQueue {
    if (call.background) return background;
    if (!keepsReader) return foreground;
    const queryClass = costs.classOf(call.query);
    if (queryClass === "long") return long;
    // What waited behind a long read, without having run, may be any query.
    return queryClass === "new" && !call.hasMoved ? fresh : foreground;
  }

  /** Its calls go where they belong when the query turns out to be short or long. */
  function ran(query: number, tookMs: number): void {
    if (!costs.ran(query, tookMs)) return;
    for (const queue of [foreground, fresh, long]) queue.sort(queueOf);
  }

  /** All calls that one turn of the event loop makes go in one message: the immediate runs after them. */
  function flushSoon(): void {
    if (isFlushing) return;
    isFlushing = true;
    setImmediate(flush);
  }

  function flush(): void {
    isFlushing = false;
    while (sendNext()) {}
    if (keepsReader && mayGetStuck()) watch ??= setTimeout(moveReads, options.moveReadsAfterMs);
    if (drained !== undefined && isIdle()) drained.resolve();
  }

  /** Sends one batch; false when there is none to send or nobody to send it to. */
  function sendNext(): boolean {
    const link = long.size + fresh.size > 0 ? leastBusyForLong() : undefined;
    if (link !== undefined) {
      return fresh.size > 0 ? send(link, fresh, maxBatchCalls) : send(link, long, 1);
    }
    const shortLink = leastBusy((candidate) => !isSlow(candidate)) ?? leastBusyOfSlow();
    if (shortLink === undefined) return false;
    if (foreground.size > 0) return send(shortLink, foreground, maxBatchCalls);
    if (background.size > 0) return send(shortLink, background, maxBatchBackground);
    return false;
  }

  function send(link: WorkerLink, queue: CallQueue, max: number): boolean {
    const calls = queue.take(max, options.maxBatchBytes);
    counts.calls += calls.length;
    counts.batches += 1;
    const power = powerOf(calls.length);
    batchSizes[power] = (batchSizes[power] ?? 0) + 1;
    link.send(calls, queue === long || queue === fresh);
    return true;
  }

  /** True for a reader that has a long read, or turned out to have one. */
  function isSlow(link: WorkerLink): boolean {
    return keepsReader && (link.hasLong || stuck.has(link));
  }

  function countSlow(): number {
    let count = 0;
    for (const link of crew.able) if (isSlow(link)) count += 1;
    return count;
  }

  /** One that has a long read already, or one more while another reader is left. */
  function leastBusyForLong(): WorkerLink | undefined {
    const mayTakeOneMore = countSlow() < Math.max(1, crew.able.size - 1);
    return leastBusy((link) => mayTakeOneMore || isSlow(link));
  }

  /** When all readers are slow, a short read waits behind a long one. */
  function leastBusyOfSlow(): WorkerLink | undefined {
    return countSlow() === crew.able.size ? leastBusy(() => true) : undefined;
  }

  function leastBusy(fits: (link: WorkerLink) => boolean): WorkerLink | undefined {
    let best: WorkerLink | undefined;
    for (const link of crew.able) {
      if (link.freeSlots === 0 || stuck.has(link) || !fits(link)) continue;
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
        noteLong(link);
        const calls = link.takeBackReads();
        counts.moved += calls.length;
        for (const call of calls) {
          call.hasMoved = true;
          queueOf(call).giveBack(call);
        }
      }
      flush();
    });
  }

  /** A long query is known for it before it has ended: one that never ran at once, one that was short a moment later. */
  function noteLong(link: WorkerLink): void {
    const query = link.running;
    if (query === undefined) return;
    if (costs.classOf(query) === "new") ran(query, shortMs + 1);
    const { lastSignMs } = link;
    setTimeout(() => {
      if (link.lastSignMs !== lastSignMs || !stuck.has(link) || costs.classOf(query) !== "short") return;
      ran(query, performance.now() - lastSignMs);
    }, shortMs).unref();
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

  function queued(): number {
    return foreground.size + fresh.size + long.size + background.size;
  }

  function isIdle(): boolean {
    return queued() + inFlight() === 0;
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
    if (call.bytes > maxInputBytes) {
      throw new DataError(
        "resource_exhausted",
        `the input of a query holds ${call.bytes} bytes or more, above the maximum of ${maxInputBytes}, a quarter of heapMb`,
      );
    }
    queueOf(call).add(call);
    flushSoon();
  }

  return {
    start: (identity) => crew.start(identity),
    call: (query, input, callOptions) => startCall(query, input, callOptions, maxInputBytes, admit),
    stats: () => ({
      queued: queued(),
      inFlight: inFlight(),
      ...counts,
      batchSizes: [...batchSizes],
      workersReplaced: crew.replaced,
    }),
    drain,
    close() {
      closed ??= finish();
      return closed;
    },
  };
}

/** The exponent of the least power of two that is no less than a whole number from 1. */
function powerOf(count: number): number {
  return 32 - Math.clz32(count - 1);
}
