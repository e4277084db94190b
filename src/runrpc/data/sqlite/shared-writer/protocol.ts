import { maxTransferBytes, type Ready } from "../thread-protocol.ts";
import { greatestFrameBytes } from "./frames.ts";

/** The version of what follows. Both ends speak the same one: they are of one start. */
export const protocolVersion = 1;

/**
 * What kind of message it is stands first in each.
 *
 * - worker to writer: `[callsKind, id, query, bytes, input, …]`, where `bytes` is about what the input takes, and the same of
 *   background writes; `[cancelKind, id, …]`.
 * - writer to worker: `[helloKind, Hello]`, first; `[answersKind, id, took, value, …]`, where `took` and `value` are as between
 *   threads.
 * - both ways: `[topicsKind, topic, …]`; without a topic all are meant.
 */
export const callsKind = 0;
export const backgroundKind = 1;
export const cancelKind = 2;
export const topicsKind = 3;
export const answersKind = 4;
export const helloKind = 5;

/** How many items of an array each call, and each answer, takes up. */
export const callWidth = 4;
export const answerWidth = 3;

/** What the process that writes says first to each that connects. */
export interface Hello {
  readonly protocol: typeof protocolVersion;
  /** As its writer reported when it opened the database. */
  readonly ready: Ready;
  readonly window: Window;
}

/** What one worker may have sent and not been answered. A call that alone holds more than `maxBytes` goes alone. */
export interface Window {
  readonly maxCalls: number;
  /** Counted apart. */
  readonly maxBackgroundCalls: number;
  /** Of the inputs, about. */
  readonly maxBytes: number;
  /** Of one frame. */
  readonly maxFrameBytes: number;
}

/** So many workers never fill the queue of the writer. */
const workers = 64;

/** The windows that the limits of a store leave to each worker. */
export function windowOf(limits: {
  readonly maxQueuedWrites: number;
  readonly maxQueuedBackgroundWrites: number;
  readonly maxQueuedBytes: number;
  readonly heapMb: number;
}): Window {
  const share = (max: number): number => Math.max(1, Math.floor(max / workers));
  return {
    maxCalls: share(limits.maxQueuedWrites),
    maxBackgroundCalls: share(limits.maxQueuedBackgroundWrites),
    maxBytes: share(limits.maxQueuedBytes),
    // What a value takes in a frame is not exactly what it was counted for.
    maxFrameBytes: Math.min(2 * maxTransferBytes(limits.heapMb), greatestFrameBytes),
  };
}

/** Whether it is a whole number that JavaScript holds exactly, as all numbers of the protocol are. */
export function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
