import { performance } from "node:perf_hooks";

/** Who goes on when the event loop has turned. */
export interface TurnWaiter {
  turned(): void;
}

/**
 * Lets the event loop turn under streams that never wait for anything: a generator that yields what it has, a handler that
 * takes messages which have all arrived. These run in microtasks, one after the other, and until the last of them no
 * deadline fires, no cancel is heard and no other call is served. All streams of a server share the time of a turn.
 */
export interface LoopTurns {
  /** Whether streams have run for long in this turn. To be asked before each message. */
  isOver(): boolean;
  /** Calls `waiter.turned` in one of the next turns, in the order of their coming. */
  wait(waiter: TurnWaiter): void;
}

/**
 * How long streams may run in a turn, in milliseconds: half of the 10 that are promised, as a turn may have begun that long
 * before it is looked at.
 */
const MAX_TURN_MS = 5;

/** What turns are told by. */
export interface LoopClock {
  /** A monotonic time in milliseconds. */
  nowMs(): number;
  /** How often the loop has turned. */
  turn(): number;
}

/** @param clock Default: the process's own. */
export function createLoopTurns(clock: LoopClock = processClock): LoopTurns {
  const waiting = new Set<TurnWaiter>();
  let turn = -1;
  let seenAtMs = 0;
  let isDue = false;

  function isOver(): boolean {
    const nowMs = clock.nowMs();
    if (nowMs - seenAtMs < MAX_TURN_MS) return false;
    const current = clock.turn();
    if (current === turn) return true;
    turn = current;
    seenAtMs = nowMs;
    return false;
  }

  function resume(): void {
    isDue = false;
    for (const waiter of waiting) {
      waiting.delete(waiter);
      waiter.turned();
      if (isOver()) break;
    }
    arm();
  }

  function arm(): void {
    if (isDue || waiting.size === 0) return;
    isDue = true;
    setImmediate(resume);
  }

  return {
    isOver,
    wait(waiter) {
      waiting.add(waiter);
      arm();
    },
  };
}

const processClock: LoopClock = {
  nowMs: () => performance.now(),
  turn: () => performance.nodeTiming.uvMetricsInfo.loopCount, // libuv counts
};
