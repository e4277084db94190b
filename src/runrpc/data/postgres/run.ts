import type { PendingCall } from "../call-queue.ts";
import type { NamedQuery } from "../manifest.ts";
import type { Canceller } from "./cancel.ts";
import type { Connection } from "./connection.ts";
import type { Surroundings } from "./query-runner.ts";

/** How one try of a query ended. */
export interface Attempt {
  readonly outcome: { readonly value: unknown } | { readonly error: unknown };
  /** As {@link import("./query-runner.ts").Turn} has them. */
  readonly firstError: unknown;
  readonly needs: Surroundings | undefined;
}

/** One call on one connection. */
export interface Run {
  readonly connection: Connection;
  readonly query: NamedQuery;
  /** True when nobody waits for it any more. */
  readonly isStopped: boolean;
  /**
   * Runs the query once, in surroundings that are there. While it does, the statement that runs is cancelled as soon as the
   * call is; when this resolves, no cancel is under way.
   */
  attempt(surroundings: Surroundings): Promise<Attempt>;
  /** Waits, and less when the call ends. */
  pause(ms: number): Promise<void>;
}

/** Takes a call on. From here on its `withdraw` stops what runs. */
export function startRun(
  connection: Connection,
  query: NamedQuery,
  call: PendingCall,
  canceller: Canceller,
): Run {
  let over: AbortController | undefined;
  let cancelled: Promise<void> | undefined;
  let endPause = (): void => {};
  let isRunning = false;

  function stop(): void {
    endPause();
    if (!isRunning || over !== undefined) return;
    over = new AbortController();
    cancelled = canceller.cancel(connection.pid, over.signal);
  }

  async function settle(result: Promise<unknown>): Promise<Attempt["outcome"]> {
    try {
      return { value: await result };
    } catch (error) {
      return { error };
    }
  }

  call.withdraw = stop;
  return {
    connection,
    query,
    get isStopped() {
      return call.settled;
    },
    async attempt(surroundings) {
      const turn = connection.runner.start(query, connection.db, call.input, surroundings);
      isRunning = true;
      // It may have been stopped while its transaction began.
      if (call.settled) stop();
      const outcome = await settle(turn.result);
      isRunning = false;
      over?.abort();
      if (cancelled !== undefined) await cancelled;
      over = undefined;
      return { outcome, firstError: turn.firstError, needs: turn.needs };
    },
    pause(ms) {
      return new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        endPause = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}
