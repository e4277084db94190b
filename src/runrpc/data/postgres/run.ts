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
  return new CallRun(connection, query, call, canceller);
}

/** A class, so that each of many thousand calls a second is one object. */
class CallRun implements Run {
  readonly connection: Connection;
  readonly query: NamedQuery;
  private readonly call: PendingCall;
  private readonly canceller: Canceller;
  private over: AbortController | undefined;
  private cancelled: Promise<void> | undefined;
  private endPause: () => void = ignore;
  private isRunning = false;

  constructor(connection: Connection, query: NamedQuery, call: PendingCall, canceller: Canceller) {
    this.connection = connection;
    this.query = query;
    this.call = call;
    this.canceller = canceller;
    call.withdraw = () => this.stop();
  }

  get isStopped(): boolean {
    return this.call.settled;
  }

  async attempt(surroundings: Surroundings): Promise<Attempt> {
    const { connection, query, call } = this;
    const turn = connection.runner.start(query, connection.db, call.input, surroundings);
    this.isRunning = true;
    // It may have been stopped while its transaction began.
    if (call.settled) this.stop();
    let outcome: Attempt["outcome"];
    try {
      outcome = { value: await turn.result };
    } catch (error) {
      outcome = { error };
    }
    this.isRunning = false;
    if (this.cancelled !== undefined) {
      this.over?.abort();
      await this.cancelled;
      this.over = undefined;
      this.cancelled = undefined;
    }
    return { outcome, firstError: turn.firstError, needs: turn.needs };
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.endPause = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  private stop(): void {
    this.endPause();
    if (!this.isRunning || this.over !== undefined) return;
    this.over = new AbortController();
    this.cancelled = this.canceller.cancel(this.connection.pid, this.over.signal);
  }
}

function ignore(): void {}
