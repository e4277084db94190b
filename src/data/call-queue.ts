import { DataError } from "./data-error.ts";
import type { CallOptions } from "./query-proxy.ts";

/** A call between its caller and a worker's answer. Settled exactly once. */
export interface PendingCall {
  readonly query: number;
  readonly input: unknown;
  readonly background: boolean;
  settled: boolean;
  /** Index of its ticket in the memory shared with the worker that has it. */
  ticket: number;
  /** Takes the call back from where it is: the queue, or a batch that has not come to it. Set by its holder. */
  withdraw: (call: PendingCall) => void;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** Calls in order of arrival, with a bound. A Set is a queue from which any member leaves in constant time. */
export interface CallQueue {
  readonly size: number;
  /** Throws `resource_exhausted` when the queue is full. */
  add(call: PendingCall): void;
  /** Puts a call that a worker gave back before all others; it has been admitted once, so the bound is not asked. */
  giveBack(call: PendingCall): void;
  /** Removes and returns the first `max` calls. */
  take(max: number): PendingCall[];
}

/** Makes a queue; `what` and `option` name it in its error. */
export function createCallQueue(what: string, option: string, maxQueued: number): CallQueue {
  const returned = new Set<PendingCall>();
  const waiting = new Set<PendingCall>();
  const leave = (call: PendingCall): void => {
    waiting.delete(call);
    returned.delete(call);
  };
  return {
    get size() {
      return returned.size + waiting.size;
    },
    add(call) {
      if (waiting.size >= maxQueued) {
        throw new DataError(
          "resource_exhausted",
          `${waiting.size + 1} ${what} are waiting, above the maximum of ${maxQueued} (${option})`,
        );
      }
      call.withdraw = leave;
      waiting.add(call);
    },
    giveBack(call) {
      call.withdraw = leave;
      returned.add(call);
    },
    take(max) {
      const taken: PendingCall[] = [];
      for (const from of [returned, waiting]) {
        for (const call of from) {
          if (taken.length === max) return taken;
          from.delete(call);
          taken.push(call);
        }
      }
      return taken;
    },
  };
}

/**
 * Makes a call and hands it to `admit`, which throws when there is no room. The promise rejects with the signal's
 * reason as soon as it aborts; the listener is gone when the call has settled.
 */
export function startCall(
  query: number,
  input: unknown,
  options: CallOptions | undefined,
  admit: (call: PendingCall) => void,
): Promise<unknown> {
  const signal = options?.signal;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const call: PendingCall = {
      query,
      input,
      background: options?.background === true,
      settled: false,
      ticket: 0,
      withdraw: ignore,
      resolve(value) {
        call.settled = true;
        signal?.removeEventListener("abort", onAbort);
        resolve(value);
      },
      reject(reason) {
        call.settled = true;
        signal?.removeEventListener("abort", onAbort);
        reject(reason);
      },
    };
    function onAbort(): void {
      call.withdraw(call);
      call.reject(signal?.reason);
    }
    admit(call);
    signal?.addEventListener("abort", onAbort);
  });
}

function ignore(): void {}
