/** A call whose function holds the thread. */
export interface SyncCall {
  /** What is known of the function, from one call to the next. */
  readonly pace: Pace;
  /** False: it was taken back. */
  take(): boolean;
  /** Runs it. True: it goes on, and calls `onEnd` when it has ended. */
  run(onEnd: () => void): boolean;
}

/** For how long a function has held the thread of late, in milliseconds: its longest call, which fades with each shorter one. */
export interface Pace {
  longestMs: number;
}

/** What the line works with. */
export interface SyncLineParts {
  /** Hears what has come from the main thread meanwhile. False: nothing has. */
  hear(): boolean;
  /** Sends what was said. */
  flush(): void;
}

/** Runs such calls, one at a time, in the order of their coming. */
export interface SyncLine {
  add(call: SyncCall): void;
  /** To be called when everything that came in a message was added. */
  run(): void;
}

/** What is left of a longest call after one more call. */
const FADING = 0.9;
/** Answers wait for those of the next calls so long, in milliseconds, and none waits for a function that may take longer. */
const GATHER_MS = 0.25;
/** After this the thread's event loop turns once, in milliseconds. */
const TURN_MS = 5;

/**
 * One message for each answer would cost more than a short call does. What quick functions answer is gathered for a
 * moment; and what came meanwhile is heard before the thread goes to sleep, and has to be woken.
 */
export function createSyncLine({ hear, flush }: SyncLineParts): SyncLine {
  const waiting: SyncCall[] = [];
  let next = 0;
  let isHeld = false;
  let isDue = false;

  function shift(): SyncCall | undefined {
    const call = waiting[next];
    if (call === undefined) return undefined;
    if (++next === waiting.length) {
      waiting.length = 0;
      next = 0;
    }
    return call;
  }

  function onEnd(): void {
    isHeld = false;
    run();
  }

  function run(): void {
    if (isHeld || isDue) return;
    const startedMs = performance.now();
    let gatheredAtMs = startedMs;
    for (let nowMs = startedMs; ; ) {
      const call = shift();
      if (call === undefined) {
        if (hear()) continue;
        break;
      }
      if (!call.take()) continue;
      if (call.pace.longestMs > GATHER_MS || nowMs - gatheredAtMs > GATHER_MS) {
        flush();
        gatheredAtMs = nowMs;
      }
      isHeld = call.run(onEnd);
      if (isHeld) break;
      const tookMs = performance.now() - nowMs;
      nowMs += tookMs;
      call.pace.longestMs = Math.max(tookMs, FADING * call.pace.longestMs);
      if (nowMs - startedMs > TURN_MS) {
        isDue = true;
        setImmediate(turned);
        break;
      }
    }
    flush();
  }

  function turned(): void {
    isDue = false;
    run();
  }

  return { add: (call) => void waiting.push(call), run };
}
