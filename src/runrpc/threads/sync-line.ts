/** A call whose function holds the thread. */
export interface SyncCall {
  /** How long the calls of this method have taken; shared by all of them. */
  readonly pace: Pace;
  /** Claims the call for this thread. False: the main thread took it back. */
  take(): boolean;
  /** Runs it. True: it goes on, holds the line, and calls `onEnd` at its end. */
  run(onEnd: () => void): boolean;
}

/** How long a method holds the thread, in milliseconds: its longest call of late. Each shorter call takes a tenth off. */
export interface Pace {
  longestMs: number;
}

/** What the line works with. */
export interface SyncLineParts {
  /** Takes the messages that have come from the main thread meanwhile. False: there were none. */
  hear(): boolean;
  /** Sends the answers that were gathered. */
  flush(): void;
  /** Whether the main thread can hear them before they are sent, should the next call hold this thread. */
  isDrafted(): boolean;
  /** Calls `run`, once the thread's event loop has turned. */
  goOn(): void;
}

/** Runs synchronous calls, one at a time, in the order in which they came. */
export interface SyncLine {
  add(call: SyncCall): void;
  /** To be called when everything that came in a message was added. */
  run(): void;
}

/** What is left of the longest call after a shorter one. */
const FADING = 0.9;
/** How long an answer is held back to go in one message with the next ones, in milliseconds; not before a method that may take longer. */
const GATHER_MS = 0.25;
/** How long calls may follow each other before the thread's event loop gets a turn, in milliseconds. */
const TURN_MS = 5;

/**
 * Makes the line of one thread. A message between threads costs more than a short call, and so does waking a thread. So the
 * answers of short calls are gathered into one message, and before the thread goes to sleep it looks whether calls have come.
 */
export function createSyncLine({ hear, flush, isDrafted, goOn }: SyncLineParts): SyncLine {
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
      if (!isDrafted() || call.pace.longestMs > GATHER_MS || nowMs - gatheredAtMs > GATHER_MS) {
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
    goOn();
  }

  return { add: (call) => void waiting.push(call), run };
}
