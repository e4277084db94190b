import { type InLine, Line } from "../line.ts";
import { approximateBytes } from "./call-bytes.ts";
import { DataError } from "./data-error.ts";
import type { CallOptions } from "./query-proxy.ts";

/** A call between its caller and a worker's answer. Settled exactly once. */
export interface PendingCall extends InLine {
  readonly query: number;
  readonly input: unknown;
  readonly background: boolean;
  /** Those of the same order go one after the other; see `WriteOptions`. */
  readonly order: string | undefined;
  /** The process that it comes from; undefined for this one. */
  readonly origin: CallOrigin | undefined;
  /** What its input takes while it waits, about. */
  readonly bytes: number;
  settled: boolean;
  /** True while it takes up room of its queue. */
  isCounted: boolean;
  /** True once it was taken from behind another call. */
  hasMoved: boolean;
  /** Workers that died while they worked on a message with this call in it. */
  lostWorkers: number;
  /** What it is known by to whoever has it: the index of its ticket in shared memory, or its number on a connection. */
  ticket: number;
  /** Takes the call back from where it is: the queue, or a batch that has not come to it. Set by its holder. */
  withdraw: (call: PendingCall) => void;
  /** Told how long it ran, in milliseconds. */
  readonly onRan: ((ranMs: number) => void) | undefined;
  resolve(value: unknown): void;
  reject(reason: unknown): void;
}

/** Another process, whose calls wait here. */
export interface CallOrigin {
  /** False while it takes no answers: then none of its calls is begun. */
  readonly takesAnswers: boolean;
}

/** The bytes that all queues of a store hold together. */
export interface ByteBudget {
  used: number;
  readonly max: number;
}

/** How many calls may wait in the queues that share it. `what` and `option` name it in its error. */
export interface Room {
  waiting: number;
  readonly what: string;
  readonly option: string;
  readonly max: number;
  readonly bytes: ByteBudget;
}

/** Calls in order of arrival, with a bound. */
export interface CallQueue {
  readonly size: number;
  /** Throws `resource_exhausted` when there is no room, in number or in bytes. */
  add(call: PendingCall): void;
  /** Puts a call that a worker gave back before all others; it has been admitted once, so the bound is not asked. */
  giveBack(call: PendingCall): void;
  /**
   * Removes and returns the first `max` calls, or fewer that fit into `maxBytes`; one at least. A call that has cost a
   * worker goes alone, so that none goes down with it. Those that may not go, as `mayGo` says, stay where they are. `least`
   * calls go in any case: one, where nothing else is said.
   */
  take(max: number, maxBytes: number, mayGo?: (call: PendingCall) => boolean, least?: number): PendingCall[];
  /** Removes and returns all calls. */
  takeAll(): PendingCall[];
  /** Gives each call to the queue that `choose` names, with the room that it takes up; both are of one room. */
  sort(choose: (call: PendingCall) => CallQueue): void;
}

/** Makes a queue in a room. */
export function createCallQueue(room: Room): CallQueue {
  const returned = new Line<PendingCall>();
  const waiting = new Line<PendingCall>();
  const leave = (call: PendingCall): void => {
    waiting.delete(call);
    returned.delete(call);
    if (!call.isCounted) return;
    call.isCounted = false;
    room.waiting -= 1;
    room.bytes.used -= call.bytes;
  };
  return {
    get size() {
      return returned.size + waiting.size;
    },
    add(call) {
      refuseWithoutRoom(room, call);
      call.isCounted = true;
      room.waiting += 1;
      room.bytes.used += call.bytes;
      call.withdraw = leave;
      waiting.add(call);
    },
    giveBack(call) {
      call.withdraw = leave;
      returned.add(call);
    },
    take(max, maxBytes, mayGo = () => true, least = 1) {
      const taken: PendingCall[] = [];
      let bytes = 0;
      for (const from of [returned, waiting]) {
        for (const call of from) {
          if (!mayGo(call)) continue;
          bytes += call.bytes;
          const isSuspect = call.lostWorkers > 0;
          if (taken.length === max || (taken.length >= least && (bytes > maxBytes || isSuspect)))
            return taken;
          leave(call);
          taken.push(call);
          if (isSuspect) return taken;
        }
      }
      return taken;
    },
    takeAll() {
      const all = [...returned, ...waiting];
      for (const call of all) leave(call);
      return all;
    },
    sort(choose) {
      for (const call of [...returned.takeAll(), ...waiting.takeAll()]) choose(call).giveBack(call);
    },
  };
}

function refuseWithoutRoom({ waiting, max, what, option, bytes }: Room, call: PendingCall): void {
  if (waiting >= max) {
    throw new DataError(
      "resource_exhausted",
      `${waiting + 1} ${what} are waiting, above the maximum of ${max} (${option})`,
    );
  }
  const used = bytes.used + call.bytes;
  if (used > bytes.max) {
    throw new DataError(
      "resource_exhausted",
      `the queries that wait hold ${used} bytes, above the maximum of ${bytes.max} (maxQueuedBytes)`,
    );
  }
}

/**
 * Makes a call and hands it to `admit`, which throws when there is no room. The promise rejects with the signal's
 * reason as soon as it aborts; the listener is gone when the call has settled.
 */
export function startCall(
  query: number,
  input: unknown,
  options: CallOptions | undefined,
  maxBytes: number,
  admit: (call: PendingCall) => void,
): Promise<unknown> {
  const signal = options?.signal;
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const call: PendingCall = {
      query,
      input,
      background: options?.background === true,
      order: options?.order,
      origin: undefined,
      bytes: approximateBytes(input, maxBytes),
      settled: false,
      isCounted: false,
      hasMoved: false,
      lostWorkers: 0,
      place: -1,
      ticket: 0,
      withdraw: ignore,
      onRan: options?.onRan,
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
