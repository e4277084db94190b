import { Code, ConnectError } from "@connectrpc/connect";
import { Deadlines, type Timed } from "../call/deadlines.ts";
import { type Member, Roster } from "../call/roster.ts";
import { MAX_TIMEOUT_MS } from "../http/protocol.ts";
import type { ServerLog } from "../log.ts";
import type { CallerHead } from "./identity.ts";
import type { Principal } from "./principal.ts";
import { unauthenticated } from "./refusal.ts";

/** The open calls of callers whom the application knows. */
export interface Rechecks {
  hold(principal: Principal, head: CallerHead, cancel: (reason: ConnectError) => void): () => void;
  close(): void;
}

export interface RecheckOptions {
  /** Asks the application again. */
  readonly identify: (head: CallerHead) => Principal | undefined | Promise<Principal | undefined>;
  /** From one question about an open call to the next, in milliseconds. */
  readonly recheckIntervalMs: number;
  readonly log: ServerLog;
}

/** Questions under way at one time: behind each there may be a request to somebody else. */
const MAX_ASKED = 16;
/** The event loop turns at least so often while calls are checked, in milliseconds. */
const TURN_MS = 10;

/**
 * Ends the open calls of callers who stop being good: at the moment at which their credentials expire, and within
 * `recheckIntervalMs` when the application, asked again with the same headers, does not know them any more or knows
 * somebody else. While it cannot answer, open calls stay. A call that ends between two looks costs an entry in a roster.
 */
export function createRechecks({ identify, recheckIntervalMs, log }: RecheckOptions): Rechecks {
  const held = new Roster<HeldCall>();
  const expiries = new Deadlines();
  let timer: NodeJS.Timeout | undefined;
  let isFailing = false;
  let isClosed = false;

  function arm(): void {
    if (timer !== undefined || isClosed) return;
    timer = setTimeout(async () => {
      await sweep();
      timer = undefined;
      if (held.size > 0) arm();
    }, recheckIntervalMs);
    timer.unref();
  }

  async function sweep(): Promise<void> {
    const bound = performance.now() - recheckIntervalMs / 2;
    const due = [...held].filter(({ checkedAtMs }) => checkedAtMs < bound).values();
    let turnedAt = performance.now();
    const worker = async (): Promise<void> => {
      for (const call of due) {
        if (isClosed) return;
        if (call.place !== -1) await recheck(call);
        if (performance.now() - turnedAt < TURN_MS) continue;
        await new Promise((resolve) => setImmediate(resolve));
        turnedAt = performance.now();
      }
    };
    await Promise.all(Array.from({ length: MAX_ASKED }, worker));
  }

  async function recheck(call: HeldCall): Promise<void> {
    try {
      const principal = await identify(call.head);
      if (principal === undefined) end(call, unauthenticated("the caller is not known any more"));
      else if (principal.subject !== call.principal.subject)
        end(call, unauthenticated("the credentials are another user's now"));
      else {
        call.checkedAtMs = performance.now();
        expireAt(call, principal.expiresAt);
      }
      if (isFailing) log.info({}, "callers of open calls can be checked again");
      isFailing = false;
    } catch (error) {
      if (isRefusal(error)) end(call, error);
      else {
        if (!isFailing)
          log.error({ err: error }, "callers of open calls cannot be checked: their calls stay");
        isFailing = true;
      }
    }
  }

  function expireAt(call: HeldCall, at: Date | undefined): void {
    expiries.delete(call);
    if (at === undefined || call.place === -1) return;
    // Looked at again after what a timer can wait; the clock of dates may have been set meanwhile, too.
    call.deadlineAtMs = performance.now() + Math.min(at.getTime() - Date.now(), MAX_TIMEOUT_MS - 1);
    call.expire = () => {
      if (at.getTime() > Date.now()) expireAt(call, at);
      else end(call, unauthenticated(`the credentials expired at ${at.toISOString()}`));
    };
    expiries.add(call);
  }

  function end(call: HeldCall, reason: ConnectError): void {
    if (!release(call)) return;
    try {
      call.cancel(reason);
    } catch (error) {
      log.error({ err: error }, "an open call could not be ended with its credentials");
    }
  }

  function release(call: HeldCall): boolean {
    expiries.delete(call);
    return held.delete(call);
  }

  return {
    hold(principal, head, cancel) {
      const call: HeldCall = {
        ...{ place: -1, heapPlace: -1, deadlineAtMs: 0, expire() {} },
        ...{ principal, head, cancel, checkedAtMs: performance.now() },
      };
      held.add(call);
      expireAt(call, principal.expiresAt);
      arm();
      return () => void release(call);
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}

interface HeldCall extends Member, Timed {
  deadlineAtMs: number;
  expire(): void;
  checkedAtMs: number;
  readonly principal: Principal;
  readonly head: CallerHead;
  readonly cancel: (reason: ConnectError) => void;
}

function isRefusal(error: unknown): error is ConnectError {
  return (
    error instanceof ConnectError &&
    (error.code === Code.Unauthenticated || error.code === Code.PermissionDenied)
  );
}
