import {
  type CallOrigin,
  type CallQueue,
  createCallQueue,
  type PendingCall,
  type Room,
} from "../../call-queue.ts";

/** Stands for this process among the origins. */
const here: CallOrigin = { takesAnswers: true };

/**
 * A queue in which each process has its turn: what is taken is shared out equally among those that have calls in it, so that
 * one that floods does not starve another. Calls of one process go in their order. Those of a process that takes no answers
 * stay. What a worker gave back goes first, whosesoever it is.
 */
export function createFairQueue(room: Room): CallQueue {
  const returned = createCallQueue(room);
  const queues = new WeakMap<CallOrigin, CallQueue>();
  // Those that may have calls here; who was served goes behind the others.
  const turns = new Map<CallOrigin, CallQueue>();

  function queueOf({ origin = here }: PendingCall): CallQueue {
    let queue = queues.get(origin);
    if (queue === undefined) {
      queue = createCallQueue(room);
      queues.set(origin, queue);
    }
    if (!turns.has(origin)) turns.set(origin, queue);
    return queue;
  }

  function ready(): [CallOrigin, CallQueue][] {
    for (const [origin, queue] of turns) if (queue.size === 0) turns.delete(origin);
    return [...turns].filter(([origin]) => origin.takesAnswers);
  }

  /** One share for each that is ready. The first call of all goes whatever it holds. */
  function takeShares(taken: PendingCall[], max: number, maxBytes: number): void {
    const sharers = ready();
    const share = Math.ceil(max / sharers.length);
    const shareBytes = Math.ceil(maxBytes / sharers.length);
    let left = max;
    let leftBytes = maxBytes;
    for (const [origin, queue] of sharers) {
      const least = taken.length === 0 ? 1 : 0;
      const calls = queue.take(Math.min(share, left), Math.min(shareBytes, leftBytes), undefined, least);
      if (calls.length === 0) continue;
      left -= calls.length;
      leftBytes -= bytesOf(calls);
      taken.push(...calls);
      turns.delete(origin);
      turns.set(origin, queue);
      if (left === 0) return;
    }
  }

  return {
    get size() {
      let size = returned.size;
      for (const queue of turns.values()) size += queue.size;
      return size;
    },
    add: (call) => queueOf(call).add(call),
    giveBack: (call) => returned.giveBack(call),
    take(max, maxBytes) {
      if (returned.size > 0) return returned.take(max, maxBytes);
      const taken: PendingCall[] = [];
      for (let before = -1; before < taken.length && taken.length < max; ) {
        before = taken.length;
        takeShares(taken, max - before, maxBytes - bytesOf(taken));
      }
      return taken;
    },
    takeAll: () => [returned, ...turns.values()].flatMap((queue) => queue.takeAll()),
    sort(choose) {
      for (const queue of [returned, ...turns.values()]) queue.sort(choose);
    },
  };
}

function bytesOf(calls: readonly PendingCall[]): number {
  let bytes = 0;
  for (const call of calls) bytes += call.bytes;
  return bytes;
}
