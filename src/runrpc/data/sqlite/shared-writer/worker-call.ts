import type { CallOrigin, PendingCall } from "../../call-queue.ts";
import { wireFromError } from "../../data-error.ts";
import { dataErrorFromThrown } from "../sqlite-error.ts";
import { tookFromMs } from "../thread-protocol.ts";

/** Who made a call, and is told its answer. */
export interface Caller extends CallOrigin {
  /** `took` and `value` are as between threads. */
  answer(id: number, took: number, value: unknown): void;
}

/** What a worker process says of a call. */
export interface CallOfWorker {
  readonly id: number;
  readonly query: number;
  readonly bytes: number;
  readonly input: unknown;
  readonly background: boolean;
}

/**
 * A call of a worker process in the process that writes. A class, so that each call is one object and the thousands that a
 * second brings have one shape.
 */
export class WorkerCall implements PendingCall {
  readonly id: number;
  readonly query: number;
  readonly input: unknown;
  readonly bytes: number;
  readonly background: boolean;
  readonly origin: Caller;
  // Those of one worker go in their order in any case.
  readonly order = undefined;
  settled = false;
  isCounted = false;
  hasMoved = false;
  lostWorkers = 0;
  place = -1;
  ticket = 0;
  withdraw: (call: PendingCall) => void = ignore;
  private ranMs = 0;

  constructor(origin: Caller, { id, query, bytes, input, background }: CallOfWorker) {
    this.id = id;
    this.query = query;
    this.input = input;
    this.bytes = bytes;
    this.background = background;
    this.origin = origin;
  }

  onRan(ranMs: number): void {
    this.ranMs = ranMs;
  }

  resolve(value: unknown): void {
    this.settled = true;
    this.origin.answer(this.id, tookFromMs(this.ranMs), value);
  }

  reject(reason: unknown): void {
    this.settled = true;
    this.origin.answer(this.id, -tookFromMs(this.ranMs), wireFromError(dataErrorFromThrown(reason)));
  }

  /** Takes it back: where it has not begun it never runs, and nobody hears of it any more. */
  cancel(): void {
    this.withdraw(this);
    this.settled = true;
  }
}

function ignore(): void {}
