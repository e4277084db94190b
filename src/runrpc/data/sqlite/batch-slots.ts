import type { PendingCall } from "../call-queue.ts";
import { DataError } from "../data-error.ts";
import {
  batchesInFlight,
  type ToWorker,
  ticketCommitting,
  ticketDone,
  ticketRunning,
  ticketWaiting,
  ticketWithdrawn,
} from "./thread-protocol.ts";

/**
 * The batches that a worker has been sent and has not answered. Each call has a ticket in memory that both threads see: a
 * call that the worker has not begun can be taken back, and never runs there then.
 */
export interface BatchSlots {
  /** The memory of the tickets. */
  readonly tickets: SharedArrayBuffer;
  /** Calls of all batches. */
  readonly callsInFlight: number;
  readonly free: number;
  /** True while a batch is there that was sent as a long one. */
  readonly hasLong: boolean;
  /** The query that the worker runs this moment, by its number. */
  readonly running: number | undefined;
  /** Posts a batch and keeps it; needs a free slot. Calls whose input cannot be cloned fail. False: so did all. */
  send(calls: readonly PendingCall[], isLong: boolean, post: (message: ToWorker) => void): boolean;
  /** The call at an index of a batch, which has been answered; undefined when there is none. */
  answered(number: number, index: number): PendingCall | undefined;
  /** All of a batch has been answered. */
  empty(number: number): void;
  /** Takes back what the worker has not begun, and what it has done and not answered. */
  takeBackReads(): PendingCall[];
  /**
   * The worker has ended. Gives the calls that it had not begun, those of the batch that it worked on first: they have lost
   * one worker more. The others fail with `reason`, or with `unknown` where a write may be stored.
   */
  lose(isReader: boolean, reason: DataError): PendingCall[];
}

interface Slot {
  readonly sequence: number;
  readonly isLong: boolean;
  /** Of its tickets. */
  readonly base: number;
  readonly size: number;
  /** By index in the batch; undefined once answered or taken back. */
  readonly calls: (PendingCall | undefined)[];
}

/** Makes the slots of one worker. */
export function createBatchSlots(maxBatchCalls: number): BatchSlots {
  const memory = new SharedArrayBuffer(4 * batchesInFlight * maxBatchCalls);
  const tickets = new Int32Array(memory);
  const slots: (Slot | undefined)[] = Array.from({ length: batchesInFlight });
  let callsInFlight = 0;
  let free: number = batchesInFlight;
  let sequence = 0;

  /** Posts what can be cloned and returns it; what cannot fails alone. */
  function postBatch(
    given: readonly PendingCall[],
    number: number,
    base: number,
    post: (message: ToWorker) => void,
  ): (PendingCall | undefined)[] {
    let calls = given;
    for (;;) {
      const message: unknown[] = [number];
      calls.forEach((call, index) => {
        call.ticket = base + index;
        call.withdraw = withdraw;
        Atomics.store(tickets, base + index, ticketWaiting);
        message.push(call.query, call.input);
      });
      try {
        if (calls.length > 0) post(message);
        return [...calls];
      } catch (error) {
        const good = calls.filter(isCloneable);
        if (good.length === calls.length) throw error;
        calls = good;
      }
    }
  }

  function withdraw(call: PendingCall): void {
    Atomics.compareExchange(tickets, call.ticket, ticketWaiting, ticketWithdrawn);
  }

  /** Swaps what the worker has not begun to "withdrawn": from then on it can never run there. */
  function takeBack(slot: Slot, alsoDone: boolean): PendingCall[] {
    const back: PendingCall[] = [];
    slot.calls.forEach((call, index) => {
      if (call === undefined || call.settled) return;
      const state = Atomics.compareExchange(tickets, slot.base + index, ticketWaiting, ticketWithdrawn);
      if (state !== ticketWaiting && !(alsoDone && state === ticketDone)) return;
      slot.calls[index] = undefined;
      back.push(call);
    });
    return back;
  }

  /** What is known of a write that the worker had begun. */
  function fateOf(call: PendingCall, reason: DataError): DataError {
    const state = Atomics.load(tickets, call.ticket);
    if (state !== ticketCommitting && state !== ticketDone) return reason;
    return new DataError(
      "unknown",
      "a database worker ended while it committed this write: look whether it is stored before you repeat it",
      { cause: reason },
    );
  }

  return {
    tickets: memory,
    get callsInFlight() {
      return callsInFlight;
    },
    get free() {
      return free;
    },
    get hasLong() {
      return slots.some((slot) => slot?.isLong === true);
    },
    get running() {
      for (const slot of slots) {
        for (const call of slot?.calls ?? []) {
          if (call !== undefined && Atomics.load(tickets, call.ticket) === ticketRunning) return call.query;
        }
      }
      return undefined;
    },
    send(given, isLong, post) {
      const number = slots.indexOf(undefined);
      const base = number * maxBatchCalls;
      const calls = postBatch(given, number, base, post);
      if (calls.length === 0) return false;
      slots[number] = { base, calls, size: calls.length, isLong, sequence: sequence++ };
      callsInFlight += calls.length;
      free -= 1;
      return true;
    },
    answered(number, index) {
      const slot = slots[number];
      const call = slot?.calls[index];
      if (slot !== undefined) slot.calls[index] = undefined;
      return call;
    },
    empty(number) {
      const slot = slots[number];
      if (slot === undefined) return;
      slots[number] = undefined;
      callsInFlight -= slot.size;
      free += 1;
    },
    takeBackReads: () => slots.flatMap((slot) => (slot === undefined ? [] : takeBack(slot, true))),
    lose(isReader, reason) {
      const [oldest, ...younger] = slots
        .filter((slot) => slot !== undefined)
        .sort((one, other) => one.sequence - other.sequence);
      // Whatever ended the worker was in the message that it worked on.
      const suspects = oldest === undefined ? [] : takeBack(oldest, isReader);
      for (const call of suspects) call.lostWorkers += 1;
      const waiting = [...suspects, ...younger.flatMap((slot) => takeBack(slot, isReader))];
      for (const slot of slots) {
        for (const call of slot?.calls ?? [])
          if (call?.settled === false) call.reject(isReader ? reason : fateOf(call, reason));
      }
      return waiting;
    },
  };
}

function isCloneable(call: PendingCall): boolean {
  try {
    structuredClone(call.input);
    return true;
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    call.reject(
      new DataError("invalid_argument", `the input of a query cannot be sent to its worker: ${text}`),
    );
    return false;
  }
}
