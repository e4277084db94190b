import { Code, ConnectError } from "@connectrpc/connect";
import type { MethodKind, ThreadSetup } from "./protocol.ts";
import { type AskQuery, MAX_CALLS, startThread, type ThreadLink } from "./thread-link.ts";

/** How a pool of threads is made. */
export interface PoolOptions {
  /** Threads that run calls; one more waits for the case that one of them ends. Default: one less than there are processors. */
  readonly threads: number;
  /** Calls that may share a thread while they wait; of those that never wait there is one at a time. */
  readonly callsPerThread: number;
  /** Calls that may wait for a thread; past it they are refused with `resource_exhausted`. */
  readonly maxQueued: number;
  /** How long a call may run on after it was cancelled, in milliseconds; then its thread is ended. */
  readonly graceMs: number;
  /** The heap of each thread, in megabytes. Default: Node's own. */
  readonly heapMb?: number | undefined;
  readonly setup: Omit<ThreadSetup, "flags">;
  readonly askQuery: AskQuery;
}

/** A call that waits for a thread, or has one. */
export interface PooledCall {
  readonly method: number;
  /** What it tells the thread when it begins there. */
  begin(link: ThreadLink, isSync: boolean): void;
  /** It cannot begin. */
  refuse(reason: ConnectError): void;
}

export interface Pool {
  /** Resolves when all threads, the spare one too, have loaded the handlers; rejects with the reason why not. */
  start(): Promise<void>;
  /** @throws ConnectError `resource_exhausted` when too many wait, `unavailable` when it is closed. */
  add(call: PooledCall): void;
  /** Takes back a call that has not begun. False: it has. */
  withdraw(call: PooledCall): boolean;
  /** A call was cancelled: unless it has ended by then, its thread is ended after the grace. Gives what takes that back. */
  endWithin(link: ThreadLink): () => void;
  close(): Promise<void>;
}

/** Between two tries to start a thread, in milliseconds: doubled up to the second. */
const RETRY_MS = { first: 100, greatest: 5_000 } as const;

/** What each option takes. */
const RANGES = {
  threads: [1, 256],
  callsPerThread: [1, MAX_CALLS],
  maxQueued: [0, 1_000_000],
  graceMs: [0, 3_600_000],
} as const;

/** @throws RangeError that names an option with its value and range. */
export function createPool(options: PoolOptions): Pool {
  for (const [name, [least, greatest]] of Object.entries(RANGES)) {
    const value = options[name as keyof typeof RANGES];
    if (!Number.isInteger(value) || value < least || value > greatest)
      throw new RangeError(`${name} is ${value}; it takes a whole number from ${least} to ${greatest}`);
  }
  const { threads, callsPerThread, maxQueued, graceMs } = options;
  const links = new Set<ThreadLink>();
  /** Those that have loaded the handlers. */
  const able = new Set<ThreadLink>();
  const queue = new Set<PooledCall>();
  let kinds: readonly MethodKind[] = [];
  let started: Promise<void> | undefined;
  let isClosed = false;
  let retryMs: number = RETRY_MS.first;
  let retry: NodeJS.Timeout | undefined;

  function hire(): ThreadLink {
    const link: ThreadLink = startThread({
      setup: options.setup,
      heapMb: options.heapMb,
      askQuery: options.askQuery,
      onReady: flush,
      onEnd() {
        links.delete(link);
        const wasAble = able.delete(link);
        if (isClosed || !wasAble) return;
        replace();
        flush();
      },
    });
    links.add(link);
    return link;
  }

  /** The spare thread takes the place of the one that has ended, and another one is started. */
  function replace(): void {
    if (isClosed) return;
    join(hire()).then(
      () => {
        retryMs = RETRY_MS.first;
      },
      (reason: ConnectError) => {
        if (isClosed) return;
        if (able.size === 0) refuseAll(reason);
        retry = setTimeout(replace, retryMs).unref();
        retryMs = Math.min(2 * retryMs, RETRY_MS.greatest);
      },
    );
  }

  async function join(link: ThreadLink): Promise<void> {
    kinds = await link.ready;
    able.add(link);
    flush();
  }

  async function startAll(): Promise<void> {
    try {
      await Promise.all(Array.from({ length: threads + 1 }, () => join(hire())));
    } catch (reason) {
      await close();
      throw reason;
    }
  }

  function refuseAll(reason: ConnectError): void {
    for (const call of queue) {
      queue.delete(call);
      call.refuse(reason);
    }
  }

  /** Gives waiting calls to threads that have room, in the order of their coming. */
  function flush(): void {
    for (const call of queue) {
      const isSync = kinds[call.method] !== "async";
      const link = roomiest(isSync);
      if (link === undefined) {
        // One that needs a thread for itself waits, and holds nobody up who does not.
        if (isSync) continue;
        return;
      }
      queue.delete(call);
      call.begin(link, isSync);
    }
  }

  function roomiest(isSync: boolean): ThreadLink | undefined {
    let best: ThreadLink | undefined;
    let used = 0;
    for (const link of able) {
      if (used++ === threads) break;
      if (link.isHeld || link.size >= (isSync ? 1 : callsPerThread)) continue;
      if (best === undefined || link.size < best.size) best = link;
    }
    return best;
  }

  async function close(): Promise<void> {
    isClosed = true;
    clearTimeout(retry);
    const reason = new ConnectError("the server is shutting down", Code.Unavailable);
    refuseAll(reason);
    await Promise.all([...links].map((link) => link.terminate(reason)));
  }

  const start = (): Promise<void> => (started ??= startAll());
  return {
    start,
    add(call) {
      if (isClosed) throw new ConnectError("the server is shutting down", Code.Unavailable);
      if (started === undefined) start().catch((reason: ConnectError) => refuseAll(reason));
      if (queue.size >= maxQueued)
        throw new ConnectError(
          `${queue.size + 1} calls wait for a thread, above the maximum of ${maxQueued} (maxQueued)`,
          Code.ResourceExhausted,
        );
      queue.add(call);
      flush();
    },
    withdraw: (call) => queue.delete(call),
    endWithin(link) {
      const timer = setTimeout(() => {
        const reason = "a call on this thread did not heed its cancel, and the thread was ended";
        void link.terminate(new ConnectError(reason, Code.Unavailable));
      }, graceMs);
      return () => clearTimeout(timer);
    },
    close,
  };
}
