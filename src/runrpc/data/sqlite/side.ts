import { type ByteBudget, type CallQueue, type PendingCall, type Room, startCall } from "../call-queue.ts";
import { DataError } from "../data-error.ts";
import type { CallOptions } from "../query-proxy.ts";
import type { SideStats } from "../store.ts";
import type { TroubleWatch } from "../trouble.ts";
import { shortMs } from "./query-costs.ts";
import { logServing } from "./serving-news.ts";
import { createSideCounts } from "./side-counts.ts";
import type { ResolvedSqliteOptions } from "./store-options.ts";
import type { Ready } from "./thread-protocol.ts";
import { createWaitingCalls } from "./waiting-calls.ts";
import { createWorkerChoice } from "./worker-choice.ts";
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

/** A side whose workers are threads of this process. It takes calls of other processes as well. */
export interface LocalSide extends Side {
  /** Takes a call that somebody else has made. @throws DataError when there is no room for it, or the side is closed. */
  admit(call: PendingCall): void;
  /** Looks again at what waits: an origin takes answers, or has gone with its calls. */
  wake(): void;
}

/** What the two sides of a store share. */
export interface Shared {
  readonly bytes: ByteBudget;
  readonly trouble: TroubleWatch;
}

/**
 * Makes the side that reads, of several workers, or the one that writes, of one.
 *
 * One reader is kept for reads that are known to be short, such as look-ups of keys: long reads, and reads of queries that never
 * ran, occupy all readers but one. Where there is a single reader, a long read holds up the others.
 *
 * @param createQueue makes the queues that calls of several processes wait in
 */
export function createSide(
  kind: "read" | "write",
  options: ResolvedSqliteOptions,
  shared: Shared,
  createQueue?: (room: Room) => CallQueue,
): LocalSide {
  const isRead = kind === "read";
  const keepsReader = isRead && options.readers > 1;
  const gathers = createQueue !== undefined;
  const maxBatchCalls = isRead ? options.maxBatchReads : options.maxBatchWrites;
  const maxBatchBackground = Math.min(maxBatchCalls, options.maxBatchBackgroundWrites);
  const waiting = createWaitingCalls(kind, options, shared.bytes, keepsReader, createQueue);
  const { foreground, fresh, long, background } = waiting;
  const stuck = new Set<WorkerLink>();
  const counts = createSideCounts(maxBatchCalls);
  let isFlushing = false;
  let watch: NodeJS.Timeout | undefined;
  let drained: PromiseWithResolvers<void> | undefined;
  let closed: Promise<void> | undefined;

  const crew = createCrew(isRead ? options.readers : 1, linkOptions(), {
    onAble(link, news) {
      stuck.delete(link);
      if (news !== undefined) shared.trouble.tell(kind, news);
      // The next commit goes before the answers of this one are sent to the processes that wait for them.
      if (gathers) flush();
      else flushSoon();
    },
    onTook: waiting.ran,
    onServing: (news) => logServing(options.log, options.file, news),
    onDeath(reason) {
      shared.trouble.tell(kind, { worked: false, error: reason });
    },
    onLost(calls) {
      waiting.giveBack(calls);
      flushSoon();
    },
    onHelpless(reason) {
      shared.trouble.tell(kind, { worked: false, error: reason });
      for (const call of waiting.takeAll()) call.reject(reason);
      flushSoon();
    },
  });
  const choice = createWorkerChoice(crew.able, stuck, keepsReader);

  function linkOptions(): LinkOptions {
    const { file, worker, migrations, allowNewer, busyTimeoutMs, heapMb } = options;
    const role = isRead ? "reader" : "writer";
    const servingLock = options.servingLock && !isRead;
    const opening = { role, file, worker, migrations, allowNewer, servingLock } as const;
    return { ...opening, busyTimeoutMs, heapMb, maxBatchCalls };
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
    if (drained !== undefined && waiting.size + inFlight() === 0) drained.resolve();
  }

  /** Sends one batch; false when there is none to send or nobody to send it to. */
  function sendNext(): boolean {
    const longLink = long.size + fresh.size > 0 ? choice.forLong() : undefined;
    if (longLink !== undefined)
      return fresh.size > 0 ? send(longLink, fresh, maxBatchCalls) : send(longLink, long, 1);
    const link = choice.forShort();
    if (link === undefined || !fillsCommit(link)) return false;
    if (foreground.size > 0 && send(link, foreground, maxBatchCalls)) return true;
    return background.size > 0 && send(link, background, maxBatchBackground);
  }

  /**
   * Writes of several processes come in groups, a little one after the other. Fewer than are being committed wait for the end of
   * that: a commit costs about the same for any number, and so they share one with those that come meanwhile.
   */
  function fillsCommit(link: WorkerLink): boolean {
    return !gathers || foreground.size + background.size >= link.callsInFlight;
  }

  /** False when none of the calls may go. */
  function send(link: WorkerLink, queue: CallQueue, max: number): boolean {
    const calls = queue.take(max, options.maxBatchBytes);
    if (calls.length === 0) return false;
    counts.sent(calls.length);
    link.send(calls, queue === long || queue === fresh);
    return true;
  }

  /** Takes calls back from readers that have not answered for a while: each runs a slow query, and others can run what waits behind. */
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
        counts.moved(calls.length);
        for (const call of calls) call.hasMoved = true;
        waiting.giveBack(calls);
      }
      flush();
    });
  }

  /**
   * Counts the query that a reader has been running for long as a long one before it has ended. A query that never ran is counted at
   * once; one that used to be short when it has gone on for a moment more, since the machine may have been busy.
   */
  function noteLong(link: WorkerLink): void {
    const query = link.running;
    if (query === undefined) return;
    if (waiting.classOf(query) === "new") waiting.ran(query, shortMs + 1);
    const { lastSignMs } = link;
    setTimeout(() => {
      if (link.lastSignMs !== lastSignMs || !stuck.has(link) || waiting.classOf(query) !== "short") return;
      waiting.ran(query, performance.now() - lastSignMs);
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
    waiting.add(call);
    flushSoon();
  }

  return {
    start: (identity) => crew.start(identity),
    admit,
    wake: flushSoon,
    call: (query, input, callOptions) => startCall(query, input, callOptions, waiting.maxInputBytes, admit),
    stats: () => ({
      queued: waiting.size,
      inFlight: inFlight(),
      ...counts.read(),
      workersReplaced: crew.replaced,
    }),
    drain,
    close() {
      closed ??= finish();
      return closed;
    },
  };
}
