import { Code, ConnectError } from "@connectrpc/connect";
import type { ServerLog } from "../server/log.ts";
import { setPatientTimeout } from "../server/patient-timeout.ts";
import type { ThreadStats } from "../server/routes/service.ts";
import { createCallQueue } from "./call-queue.ts";
import { MAX_CALLS, type MethodKind, type ModuleSetup } from "./protocol.ts";
import { type AskQuery, type LinkedCall, startThread, type ThreadLink } from "./thread-link.ts";

/** How a pool of threads is made. */
export interface PoolOptions {
  /** Threads that run calls. A spare one is started besides, to take the place of a thread that ends. Default: processors less one. */
  readonly threads: number;
  /** Asynchronous calls that may share a thread. A synchronous one, which never gives the thread back before its end, runs alone. */
  readonly callsPerThread: number;
  /** Calls that may wait for a thread; further ones are refused with `resource_exhausted`. */
  readonly maxQueued: number;
  /** How long a call may run on after it was cancelled, in milliseconds; then its thread is ended. */
  readonly graceMs: number;
  /** The heap of each thread, in megabytes. Default: Node's own. */
  readonly heapMb?: number | undefined;
  /** Asked for each thread that starts. */
  readonly setup: () => ModuleSetup;
  readonly askQuery: AskQuery;
}

export interface Pool {
  /**
   * Resolves when all threads, the spare one too, have loaded the handlers; rejects with the reason why not.
   *
   * @param log told where a thread cannot be started in the place of one that has ended. Default: nobody is.
   */
  start(log?: Pick<ServerLog, "error">): Promise<void>;
  /** @throws ConnectError `resource_exhausted` when too many wait, `unavailable` when it is closed. */
  add(call: LinkedCall): void;
  /** Takes a call out of the queue. False: it was sent to a thread already. */
  withdraw(call: LinkedCall): boolean;
  /** To be called when a call is cancelled: ends its thread after `graceMs`. Gives the function that prevents it, for a call that ends in time. */
  endWithin(link: ThreadLink): () => void;
  stats(): ThreadStats;
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
  /** The threads that have loaded the handlers. */
  const able = new Set<ThreadLink>();
  /** The able threads that run calls, which is all but the spare one. */
  let running: readonly ThreadLink[] = [];
  let kinds: readonly MethodKind[] = [];
  const queue = createCallQueue({
    links: () => running,
    callsPerThread,
    isSync: ({ method }) => kinds[method] !== "async",
  });
  let started: Promise<void> | undefined;
  let log: Pick<ServerLog, "error"> | undefined;
  let isClosed = false;
  let retryMs: number = RETRY_MS.first;
  let retry: NodeJS.Timeout | undefined;

  function hire(): ThreadLink {
    const link: ThreadLink = startThread({
      setup: options.setup(),
      heapMb: options.heapMb,
      askQuery: options.askQuery,
      onRoom: queue.distribute,
      onEnd(waiting) {
        links.delete(link);
        const wasAble = able.delete(link);
        running = [...able].slice(0, threads);
        queue.addBack(waiting);
        if (isClosed) queue.refuseAll(shuttingDown());
        if (isClosed || !wasAble) return;
        replace();
        queue.distribute();
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
        log?.error({ err: reason }, "a thread for handlers cannot be started in the place of another one");
        if (able.size === 0) queue.refuseAll(unable(reason));
        retry = setTimeout(replace, retryMs).unref();
        retryMs = Math.min(2 * retryMs, RETRY_MS.greatest);
      },
    );
  }

  async function join(link: ThreadLink): Promise<void> {
    kinds = await link.ready;
    able.add(link);
    running = [...able].slice(0, threads);
    queue.distribute();
  }

  async function startAll(): Promise<void> {
    try {
      await Promise.all(Array.from({ length: threads + 1 }, () => join(hire())));
    } catch (reason) {
      await close();
      throw reason;
    }
  }

  async function close(): Promise<void> {
    isClosed = true;
    clearTimeout(retry);
    const reason = shuttingDown();
    queue.refuseAll(reason);
    await Promise.all([...links].map((link) => link.terminate(reason)));
  }

  const start: Pool["start"] = (given) => {
    log ??= given;
    started ??= startAll();
    return started;
  };
  return {
    start,
    add(call) {
      if (isClosed) throw shuttingDown();
      if (started === undefined) start().catch(queue.refuseAll);
      const { waiting } = queue;
      if (waiting >= maxQueued)
        throw new ConnectError(
          `${waiting + 1} calls wait for a thread, above the maximum of ${maxQueued} (maxQueued)`,
          Code.ResourceExhausted,
        );
      queue.add(call);
    },
    withdraw: queue.withdraw,
    endWithin(link) {
      const timeout = setPatientTimeout(() => {
        const reason = "a call on this thread did not heed its cancel, and the thread was ended";
        void link.terminate(new ConnectError(reason, Code.Unavailable));
      }, graceMs);
      return timeout.clear;
    },
    stats: () => ({
      threads: running.length,
      // Of the synchronous calls that were sent to a thread one runs, and the others wait in it.
      inFlight: running.reduce((sum, each) => sum + each.asyncCalls + Math.min(1, each.syncCalls), 0),
      queued: queue.waiting,
    }),
    close,
  };
}

/** What the application's module said is no business of those who call. */
function unable(reason: ConnectError): ConnectError {
  const text = "there is no thread for this call, and none can be started at the moment";
  return new ConnectError(text, Code.Unavailable, undefined, undefined, reason);
}

function shuttingDown(): ConnectError {
  return new ConnectError("the server is shutting down", Code.Unavailable);
}
