import { Code, ConnectError } from "@connectrpc/connect";
import { monotonicMs } from "../monotonic.ts";
import { slotOf } from "./protocol.ts";

/** The signal of a call in its thread, and who aborts it. */
export interface ThreadSignal {
  readonly signal: AbortSignal;
  /** Aborts it with the reason that the main thread gave; the first reason stays. */
  abort(reason: unknown): void;
}

const { aborted: abortedProperty } = Object.getOwnPropertyDescriptors(AbortSignal.prototype);

/**
 * A real AbortSignal, for whoever waits. A loop that never waits hears no message: `aborted` and `throwIfAborted` look at a
 * word of memory that the main thread writes as well, and at the clock, as the main thread may be late.
 *
 * @param deadlineMs when the call's deadline is, by `monotonicMs()`; undefined: there is none.
 */
export function createThreadSignal(
  states: Int32Array,
  call: number,
  deadlineMs: number | undefined,
): ThreadSignal {
  const controller = new AbortController();
  const { signal } = controller;
  watched.set(signal, {
    controller,
    states,
    slot: slotOf(call),
    deadlineMs: deadlineMs ?? Number.POSITIVE_INFINITY,
  });
  Object.defineProperties(signal, LOOKING);
  return {
    signal,
    abort(reason) {
      if (!isAborted(signal)) controller.abort(reason);
    },
  };
}

interface Watched {
  readonly controller: AbortController;
  readonly states: Int32Array;
  readonly slot: number;
  readonly deadlineMs: number;
}

const watched = new WeakMap<AbortSignal, Watched>();

/** The properties of a signal that look first. */
const LOOKING: PropertyDescriptorMap & ThisType<AbortSignal> = {
  aborted: {
    get() {
      look(this);
      return isAborted(this);
    },
  },
  throwIfAborted: {
    value() {
      look(this);
      AbortSignal.prototype.throwIfAborted.call(this);
    },
  },
};

function isAborted(signal: AbortSignal): boolean {
  return abortedProperty?.get?.call(signal) === true;
}

function look(signal: AbortSignal): void {
  const known = watched.get(signal);
  if (known === undefined || isAborted(signal)) return;
  const { controller, states, slot, deadlineMs } = known;
  const code = Atomics.load(states, slot);
  if (code > 0) controller.abort(cancelOf(code));
  else if (monotonicMs() >= deadlineMs) controller.abort(cancelOf(Code.DeadlineExceeded));
}

/** Why a call was cancelled, where nothing but the code has come. */
function cancelOf(code: number): ConnectError {
  const text = code === Code.DeadlineExceeded ? "the deadline is exceeded" : "the call was cancelled";
  return new ConnectError(text, code);
}
