import type { Session } from "node:inspector";
import { type FromWatcher, memoryOf, type WatchSetup, word } from "./memory.ts";

/** What a guard works with besides its setup. */
export interface GuardParts {
  connect(): Session;
  tell(message: FromWatcher): void;
}

/** Between two looks, in milliseconds. */
const LOOK_MS = 100;
/** How long the main thread may be stopped, in milliseconds: reading a stack takes a hundredth of it. */
const MAX_PAUSE_MS = 1_000;
/** A watcher that has not counted on for so long is taken for lost, in milliseconds. */
const LOST_MS = 1_000;
/** The same where it counts on and the main thread does not: native code may hold that one. */
const UNCLEAR_MS = 30_000;

/**
 * Looks after the watcher, from a third thread: a watcher that ends, fails or hangs while the main thread is stopped would
 * leave it stopped for ever. Any session may resume what another one has stopped. Returns the end of it.
 */
export function guardMainThread({ buffer }: Pick<WatchSetup, "buffer">, parts: GuardParts): () => void {
  const { words } = memoryOf(buffer);
  const watcher = createPulse(() => Atomics.load(words, word.watcherBeat));
  const main = createPulse(() => Atomics.load(words, word.mainBeat));
  let pausedAtMs: number | undefined;

  function look(): void {
    Atomics.add(words, word.guardBeat, 1);
    const nowMs = performance.now();
    const [watcherMs, mainMs] = [watcher(nowMs), main(nowMs)];
    if (Atomics.load(words, word.pauseAsked) === 0) {
      pausedAtMs = undefined;
      return;
    }
    if (Atomics.load(words, word.paused) === 1) pausedAtMs ??= nowMs;
    const pausedMs = pausedAtMs === undefined ? 0 : nowMs - pausedAtMs;
    if (pausedMs > MAX_PAUSE_MS || watcherMs > LOST_MS || mainMs > UNCLEAR_MS) rescue();
  }

  function rescue(): void {
    pausedAtMs = undefined;
    const session = parts.connect();
    session.post("Debugger.enable", () => {
      session.post("Debugger.resume", (error) => {
        session.post("Debugger.disable", () => session.disconnect());
        Atomics.store(words, word.paused, 0);
        Atomics.store(words, word.pauseAsked, 0);
        // There was nothing to resume.
        if (error === null) parts.tell({ kind: "rescued" });
      });
    });
  }

  const timer = setInterval(look, LOOK_MS);
  return () => clearInterval(timer);
}

/** For how long a counter has not been counted on, by whom asks. */
function createPulse(read: () => number): (nowMs: number) => number {
  let seen = read();
  let seenAtMs = performance.now();
  return (nowMs) => {
    const count = read();
    if (count !== seen) {
      seen = count;
      seenAtMs = nowMs;
    }
    return nowMs - seenAtMs;
  };
}
