import type { Session } from "node:inspector";
import { type FromWatcher, memoryOf, type WatchSetup, word } from "./memory.ts";

/** What a guard works with besides its setup. */
export interface GuardParts {
  connect(): Session;
  tell(message: FromWatcher): void;
}

/** Between two looks of a guard that is awake, in milliseconds. */
const LOOK_MS = 100;
/** It sleeps again when nothing was asked of it for so long, in milliseconds. */
const AWAKE_MS = 1_000;
/** How long the main thread may be stopped, in milliseconds: reading a stack takes a hundredth of it. */
const MAX_PAUSE_MS = 1_000;
/** A watcher that has not counted on for so long is taken for lost, in milliseconds. */
const LOST_MS = 1_000;
/** The same where it counts on and the main thread is not stopped by then: native code may hold that one. */
const UNCLEAR_MS = 30_000;

/**
 * Looks after the watcher, from a third thread: a watcher that ends, fails or hangs while the main thread is stopped would
 * leave it stopped for ever. Any session may resume what another one has stopped. It sleeps until the watcher rouses it, which
 * it does before each stop, and waits to be heard. Returns the end of it.
 */
export function guardMainThread({ buffer }: Pick<WatchSetup, "buffer">, parts: GuardParts): () => void {
  const { words } = memoryOf(buffer);
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let watcher = createPulse(() => Atomics.load(words, word.watcherBeat));
  let awakeAtMs = 0;
  let askedAtMs: number | undefined;
  let pausedAtMs: number | undefined;

  function wake(): void {
    if (isClosed) return;
    awakeAtMs = performance.now();
    watcher = createPulse(() => Atomics.load(words, word.watcherBeat));
    pausedAtMs = undefined;
    timer = setInterval(look, LOOK_MS);
    look();
  }

  /** Sleeps until the watcher counts on from what was heard of it. */
  function sleep(heard: number): void {
    clearInterval(timer);
    const { async, value } = Atomics.waitAsync(words, word.roused, heard);
    if (async) void value.then(wake);
    else wake();
  }

  function look(): void {
    const nowMs = performance.now();
    const roused = Atomics.load(words, word.roused);
    if (Atomics.exchange(words, word.guardHeard, roused) !== roused) awakeAtMs = nowMs;
    const silentMs = watcher(nowMs);
    if (Atomics.load(words, word.pauseAsked) === 0) {
      askedAtMs = undefined;
      pausedAtMs = undefined;
      if (nowMs - awakeAtMs > AWAKE_MS) sleep(roused);
      return;
    }
    askedAtMs ??= nowMs;
    if (Atomics.load(words, word.paused) === 1) pausedAtMs ??= nowMs;
    const pausedMs = pausedAtMs === undefined ? 0 : nowMs - pausedAtMs;
    if (pausedMs > MAX_PAUSE_MS || silentMs > LOST_MS || nowMs - askedAtMs > UNCLEAR_MS) rescue();
  }

  function rescue(): void {
    askedAtMs = undefined;
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

  wake();
  return () => {
    isClosed = true;
    clearInterval(timer);
  };
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
