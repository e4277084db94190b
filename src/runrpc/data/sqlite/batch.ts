import type { WireError } from "../data-error.ts";
import { DataError, wireFromError } from "../data-error.ts";
import { dataErrorFromThrown } from "./sqlite-error.ts";
import {
  type FromWorker,
  ticketCommitting,
  ticketDone,
  ticketRunning,
  ticketWaiting,
  tookFromMs,
} from "./thread-protocol.ts";

/** One batch of calls in a worker, and the answers given so far. */
export interface Batch {
  readonly slot: number;
  readonly size: number;
  query(index: number): number;
  input(index: number): unknown;
  /** Claims a call for running; false when the main thread has taken it back, which must then never run. */
  claim(index: number): boolean;
  /** Says that the transaction of these calls is about to be committed. */
  committing(indexes: readonly number[]): void;
  /** Keeps an answer until the next `send`. */
  answer(index: number, outcome: Outcome, tookMs: number): void;
  /** Sends the answers kept; `last` gives the slot back. */
  send(last: boolean): void;
}

/** How a call ended. */
export type Outcome = { readonly value: unknown } | { readonly error: DataError };

/** Reads a batch out of a message (see `ToWorker`). `post` sends to the main thread. */
export function openBatch(
  message: readonly unknown[],
  tickets: Int32Array,
  maxBatchCalls: number,
  post: (message: FromWorker) => void,
): Batch {
  const slot = Number(message[0]);
  const base = slot * maxBatchCalls;
  let answers: unknown[] = [slot, 0];
  return {
    slot,
    size: (message.length - 1) / 2,
    query: (index) => Number(message[1 + 2 * index]),
    input: (index) => message[2 + 2 * index],
    claim: (index) =>
      Atomics.compareExchange(tickets, base + index, ticketWaiting, ticketRunning) === ticketWaiting,
    committing(indexes) {
      for (const index of indexes) Atomics.store(tickets, base + index, ticketCommitting);
    },
    answer(index, outcome, tookMs) {
      Atomics.store(tickets, base + index, ticketDone);
      const took = tookFromMs(tookMs);
      if ("error" in outcome) answers.push(index, -took, wireFromError(outcome.error));
      else answers.push(index, took, outcome.value);
    },
    send(last) {
      answers[1] = last ? 1 : 0;
      postAnswers(answers, post);
      answers = [slot, 0];
    },
  };
}

/** Posts all answers at once, or one by one when one of them cannot be cloned, so that it fails alone. */
function postAnswers(answers: readonly unknown[], post: (message: FromWorker) => void): void {
  try {
    post(answers);
    return;
  } catch {
    for (let at = 2; at < answers.length; at += 3) {
      const [index, took, value] = answers.slice(at, at + 3);
      try {
        post([answers[0], 0, index, took, value]);
      } catch (error) {
        post([answers[0], 0, index, -1, uncloneable(error)]);
      }
    }
    post([answers[0], answers[1]]);
  }
}

function uncloneable(error: unknown): WireError {
  const reason = dataErrorFromThrown(error).message;
  return wireFromError(
    new DataError("internal", `the result of a query cannot be sent to the caller: ${reason}`),
  );
}
