import { writeSync } from "node:fs";
import type { Session } from "node:inspector";
import { ownerOf } from "../place.ts";
import { openThreadClock } from "./clock.ts";
import {
  type BeatClock,
  type Block,
  type FromWatcher,
  memoryOf,
  msBetween,
  readNote,
  sinceBeat,
  tenths,
  type WatchSetup,
  word,
} from "./memory.ts";
import { createRecorder } from "./recorder.ts";
import { createRestWatch } from "./rest.ts";
import { type AskedStop, askForStop, type Stop } from "./stop.ts";

/** What a watcher works with besides its setup. */
export interface WatcherParts {
  /** An inspector session of the main thread. */
  connect(): Session;
  /** To the main thread. */
  tell(message: FromWatcher): void;
}

/** Native code holds the main thread when it does not stop within this, in milliseconds; then nobody but us can tell. */
const NATIVE_MS = 1_000;
/** Without a beat for so many, the main thread is late. */
const LATE_BEATS = 2;
/** Between two looks while a block may end, in milliseconds. */
const SOON_MS = 10;
/** Beats between two looks while the main thread has nothing to do. */
const BEATS_AT_REST = 4;
/** A main thread that is asked has so long at least until it answers, in milliseconds. */
const ANSWER_MS = 20;
/** Native code is what ran, where the main thread heard of a stop so late, in milliseconds: the line is a later one. */
const LATE_MS = 30;

/**
 * Watches the main thread from a thread of its own: looks now and then when that one's loop last turned, and more often while it
 * is late. Returns the end of it, which lets the main thread go and stops the recorder.
 */
export function watchMainThread(setup: WatchSetup, parts: WatcherParts): () => void {
  const { blockMs, beatMs, lookMs, globalName } = setup;
  const memory = memoryOf(setup.buffer);
  const { words } = memory;
  const clock = openThreadClock();
  const recorder = createRecorder(parts.connect);
  const rest = createRestWatch();
  let beat = Atomics.load(words, word.mainBeat);
  /** From when on it may have been held, which is its last beat while its heart beats, and its clock then. */
  let from = beat;
  let fromClock = clockAtBeat();
  /** It was asked for a beat, at this time by `performance.now()`. */
  let askedAtMs: number | undefined;
  /** It has nothing to do, and was not asked. */
  let isAtRest = false;
  let lookAtMs = performance.now();
  let nextLookMs = lookMs;
  /** What the main thread has let pass, as far as this thread ran itself: both may have been stopped, or starved. */
  let silentMs = 0;
  let isGuardRoused = false;
  let block: OpenBlock | undefined;
  let timer: NodeJS.Timeout;

  function look(): void {
    const nowMs = performance.now();
    silentMs += Math.min(nowMs - lookAtMs, nextLookMs + lookMs);
    lookAtMs = nowMs;
    Atomics.add(words, word.watcherBeat, 1);
    // In this order: a heart that wakes beats first.
    const isResting = Atomics.load(words, word.isResting) === 1;
    const seen = Atomics.load(words, word.mainBeat);
    const isNewBeat = seen !== beat;
    if (isNewBeat) goOn(seen, nowMs);
    isAtRest = isResting && askedAtMs === undefined;
    if (!isResting) rest.end();
    if (isAtRest) lookAtRest(nowMs, isNewBeat);
    else if (block !== undefined) tellOfNative(block, nowMs);
    else if (silentMs >= LATE_BEATS * beatMs) suspect(nowMs);
    nextLookMs = untilNextLook();
    timer = setTimeout(look, nextLookMs);
  }

  function clockAtBeat(): BeatClock {
    return { cpu: Atomics.load(words, word.mainCpu), waited: Atomics.load(words, word.mainWaited) };
  }

  function goOn(seen: number, nowMs: number): void {
    if (block !== undefined) void end(block, msBetween(from, seen));
    beat = seen;
    from = seen;
    fromClock = clockAtBeat();
    silentMs = ageOf(seen);
    askedAtMs = undefined;
    isGuardRoused = false;
    block = undefined;
    recorder.tick(nowMs);
  }

  function lookAtRest(nowMs: number, isNewBeat: boolean): void {
    silentMs = 0;
    const now = clock.read();
    const ran = now && rest.look(nowMs, now, fromClock, isNewBeat);
    if (ran === undefined) return;
    isAtRest = false;
    askedAtMs = nowMs;
    silentMs = ran.ranMs;
    from = (tenths() - 10 * ran.ranMs) | 0;
    fromClock = ran.since;
    parts.tell({ kind: "ask" });
  }

  /** The main thread is late: the guard is roused, so that it is there when the main thread is to be stopped. */
  function suspect(nowMs: number): void {
    if (!isGuardRoused) {
      Atomics.add(words, word.roused, 1);
      Atomics.notify(words, word.roused);
      isGuardRoused = true;
    }
    const hadTime = askedAtMs === undefined || nowMs - askedAtMs >= ANSWER_MS;
    if (silentMs >= blockMs && hadTime && mayStop()) begin(nowMs);
  }

  /** At the moment from which on it is a block, if the main thread is late; often while it may be over at any moment. */
  function untilNextLook(): number {
    if (isAtRest) return BEATS_AT_REST * beatMs;
    if (block !== undefined || silentMs >= blockMs) return SOON_MS;
    return silentMs >= LATE_BEATS * beatMs ? Math.min(lookMs, Math.ceil(blockMs - silentMs)) : lookMs;
  }

  /** A main thread that only waits for a processor is left alone, and one whose guard does not answer. */
  function mayStop(): boolean {
    if (Atomics.load(words, word.hasDebugger) === 1) return false;
    if (Atomics.load(words, word.guardHeard) !== Atomics.load(words, word.roused)) return false;
    return ageOf(from) - waitedMs() >= blockMs;
  }

  /** For how long the main thread has waited for a processor since it may have been held, in milliseconds. */
  function waitedMs(): number {
    const now = clock.read();
    return now === undefined ? 0 : sinceBeat(fromClock, now).waitedMs;
  }

  function begin(nowMs: number): void {
    const asked = askForStop(parts.connect, clock.read, memory, globalName);
    const opened: OpenBlock = {
      asked,
      askedAtMs: nowMs,
      clock: fromClock,
      stop: undefined,
      isTold: false,
    };
    block = opened;
    asked.made.then(
      (stop) => {
        opened.stop = stop;
      },
      (reason: unknown) => parts.tell({ kind: "fault", text: String(reason) }),
    );
  }

  async function end(ended: OpenBlock, heldMs: number): Promise<void> {
    const now = clock.read();
    const since = now && sinceBeat(ended.clock, now);
    const cpuMs = since?.cpuMs ?? msBetween(ended.clock.cpu, Atomics.load(words, word.mainCpu));
    ended.asked.cancel();
    // The stop may be on its way from there.
    await ended.asked.made.catch(ignore);
    // Its coming has held the main thread.
    if (Atomics.load(words, word.hasDebugger) === 1) return;
    // The recorder itself held it, by its start: to cut it once more would hold it once more.
    const isRecorders = recorder.heldAtMs >= ended.askedAtMs - blockMs;
    if (isRecorders && ended.stop?.call === undefined && !isOfUser(ended)) return;
    const recorded = await recorder.cut(heldMs);
    const frames = ended.stop?.frames ?? [];
    const isRecorderOn = recorder.isOn;
    const isSure = isOfUser(ended) && !isLate(ended);
    if (isRecorderOn || !isSure) recorder.arm();
    const told: Block = {
      heldMs,
      cpuMs,
      waitedMs: since?.waitedMs,
      frames,
      isSure,
      call: ended.stop?.call,
      recorded,
      isRecorderOn,
    };
    parts.tell({ kind: "block", ...told });
  }

  /** While native code runs, the main thread can neither be stopped nor tell of it. */
  function tellOfNative(open: OpenBlock, nowMs: number): void {
    if (open.isTold || open.stop !== undefined || nowMs - open.askedAtMs < NATIVE_MS) return;
    // A main thread that waits for a processor cannot stop either.
    if (silentMs - waitedMs() < NATIVE_MS) return;
    open.isTold = true;
    const note = readNote(memory);
    const what = note === "" ? "native code" : note;
    writeSync(
      2,
      `runrpc: the event loop has been held for ${Math.round(ageOf(from))} ms by ${what}, and goes on\n`,
    );
  }

  timer = setTimeout(look, lookMs);
  return () => {
    clearTimeout(timer);
    block?.asked.cancel();
    recorder.disarm();
    clock.close();
  };
}

/** A block that has not ended. */
interface OpenBlock {
  readonly asked: AskedStop;
  readonly askedAtMs: number;
  readonly clock: BeatClock;
  stop: Stop | undefined;
  isTold: boolean;
}

function isOfUser({ stop }: OpenBlock): boolean {
  return stop?.frames.some(({ url }) => ownerOf(url) === "user") === true;
}

/**
 * Node's own functions, such as those of fs, are still there below their caller, whose line is the right one however late the
 * stop is; so is what debug mode has put around a function.
 */
function isLate({ stop }: OpenBlock): boolean {
  const [first] = stop?.frames ?? [];
  return (
    (stop?.heardMs ?? 0) > LATE_MS &&
    first !== undefined &&
    !/^node:|\/debug\/sync-calls\.\w+$/.test(first.url)
  );
}

/** How long ago a beat was, in milliseconds. */
function ageOf(beat: number): number {
  return msBetween(beat, tenths());
}

function ignore(): void {}
