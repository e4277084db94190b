import { writeSync } from "node:fs";
import type { Session } from "node:inspector";
import { ownerOf } from "../place.ts";
import { readThreadClock, type ThreadClock } from "./clock.ts";
import { type Block, type FromWatcher, memoryOf, readNote, type WatchSetup, word } from "./memory.ts";
import { createRecorder } from "./recorder.ts";
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
/** Without a sign of the guard for so long nobody is stopped, in milliseconds. */
const GUARD_LOST_MS = 2_000;
/** Native code is what ran, where the main thread heard of a stop so late, in milliseconds: the line is a later one. */
const LATE_MS = 30;

/**
 * Watches the main thread from a thread of its own: looks in each tick whether it has counted on. Returns the end of it,
 * which lets the main thread go and stops the recorder.
 */
export function watchMainThread(setup: WatchSetup, parts: WatcherParts): () => void {
  const { blockMs, tickMs, globalName } = setup;
  const memory = memoryOf(setup.buffer);
  const { words } = memory;
  const recorder = createRecorder(parts.connect);
  let beat = -1;
  let beatAtMs = performance.now();
  let beatCpu = 0;
  let beatClock = readThreadClock();
  let tickAtMs = performance.now();
  /** What the main thread has let pass, as far as this thread ran itself: both may have been stopped, or starved. */
  let silentMs = 0;
  let guardBeat = -1;
  let guardAtMs = performance.now();
  let block: OpenBlock | undefined;

  function tick(): void {
    const nowMs = performance.now();
    silentMs += Math.min(nowMs - tickAtMs, 2 * tickMs);
    tickAtMs = nowMs;
    Atomics.add(words, word.watcherBeat, 1);
    lookAtGuard(nowMs);
    const seen = Atomics.load(words, word.mainBeat);
    if (seen !== beat) {
      if (block !== undefined) void end(block, nowMs - beatAtMs);
      beat = seen;
      beatAtMs = nowMs;
      beatCpu = Atomics.load(words, word.mainCpu);
      beatClock = readThreadClock();
      silentMs = 0;
      block = undefined;
      recorder.tick(nowMs);
    } else if (block !== undefined) tellOfNative(block, nowMs);
    else if (silentMs >= blockMs && mayStop(nowMs)) begin(nowMs);
  }

  function lookAtGuard(nowMs: number): void {
    const seen = Atomics.load(words, word.guardBeat);
    if (seen === guardBeat) return;
    guardBeat = seen;
    guardAtMs = nowMs;
  }

  /** A main thread that only waits for a processor is left alone. */
  function mayStop(nowMs: number): boolean {
    if (Atomics.load(words, word.hasDebugger) === 1 || nowMs - guardAtMs > GUARD_LOST_MS) return false;
    const waitedMs = since(beatClock, readThreadClock())?.waitedMs ?? 0;
    return nowMs - beatAtMs - waitedMs >= blockMs;
  }

  function begin(nowMs: number): void {
    const asked = askForStop(parts.connect, memory, globalName);
    const opened: OpenBlock = {
      asked,
      askedAtMs: nowMs,
      clock: beatClock,
      cpu: beatCpu,
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
    const clock = since(ended.clock, readThreadClock());
    const cpuMs = clock?.cpuMs ?? (Atomics.load(words, word.mainCpu) - ended.cpu) / 10;
    ended.asked.cancel();
    // The stop may be on its way from there.
    await ended.asked.made.catch(ignore);
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
      waitedMs: clock?.waitedMs,
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
    open.isTold = true;
    const note = readNote(memory);
    const what = note === "" ? "native code" : note;
    writeSync(
      2,
      `runrpc: the event loop has been held for ${Math.round(nowMs - beatAtMs)} ms by ${what}, and goes on\n`,
    );
  }

  const timer = setInterval(tick, tickMs);
  return () => {
    clearInterval(timer);
    block?.asked.cancel();
    recorder.disarm();
  };
}

/** A block that has not ended. */
interface OpenBlock {
  readonly asked: AskedStop;
  readonly askedAtMs: number;
  readonly clock: ThreadClock | undefined;
  readonly cpu: number;
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

function since(from: ThreadClock | undefined, to: ThreadClock | undefined): ThreadClock | undefined {
  if (from === undefined || to === undefined) return undefined;
  return { cpuMs: to.cpuMs - from.cpuMs, waitedMs: to.waitedMs - from.waitedMs };
}

function ignore(): void {}
