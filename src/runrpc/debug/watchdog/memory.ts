import { monotonicMs } from "../../monotonic.ts";
import type { ThreadClock } from "./clock.ts";

/**
 * What the main thread and its two watchers share. The main thread writes when its loop last turned; the watcher looks how long
 * ago that is, and stops the main thread for a moment when it is too long; the guard lets the main thread go again when the
 * watcher fails to.
 */
export interface SharedMemory {
  readonly words: Int32Array<SharedArrayBuffer>;
  readonly note: Uint8Array<SharedArrayBuffer>;
}

/** The words, by their place. */
export const word = {
  /** When the main thread's loop last turned, by {@link tenths}; written each time that it turns and a little time has passed. */
  mainBeat: 0,
  /** The main thread's processor time at that beat, and how long it had waited for one, in tenths of a millisecond. */
  mainCpu: 1,
  mainWaited: 2,
  /** Counted up by the watcher, each time that it looks. */
  watcherBeat: 3,
  /** Counted up by the watcher to rouse the guard, which sleeps on it. */
  roused: 4,
  /** The last count by which the guard was roused: it is there when the two are equal. */
  guardHeard: 5,
  /** 1 while the main thread may be stopped: from before the pause is asked for to after the watcher has let go. */
  pauseAsked: 6,
  /** 1 while the main thread is known to be stopped. */
  paused: 7,
  /** 1 while somebody else's debugger is there: its stops are no faults, and nobody may resume them. */
  hasDebugger: 8,
  /** Bytes of the note; 0 is none. */
  noteBytes: 9,
  /** 1 while the main thread has nothing to do, and does not beat. */
  isResting: 10,
} as const;

const WORDS_BYTES = 64;
const NOTE_BYTES = 1_024;

export function createMemory(): SharedMemory {
  return memoryOf(new SharedArrayBuffer(WORDS_BYTES + NOTE_BYTES));
}

export function memoryOf(buffer: SharedArrayBuffer): SharedMemory {
  return {
    words: new Int32Array(buffer, 0, WORDS_BYTES / 4),
    note: new Uint8Array(buffer, WORDS_BYTES, NOTE_BYTES),
  };
}

/** A clock that all threads of a process share, in tenths of a millisecond, as a word holds it: it wraps around. */
export function tenths(): number {
  return (10 * monotonicMs()) | 0;
}

/** What lies between two times or sums in tenths of a millisecond, in milliseconds: up to 59 hours. */
export function msBetween(earlier: number, later: number): number {
  return ((later - earlier) | 0) / 10;
}

/** The main thread's clock as it wrote it at a beat, in tenths of a millisecond. */
export interface BeatClock {
  readonly cpu: number;
  readonly waited: number;
}

export function beatClockOf({ cpuMs, waitedMs }: ThreadClock): BeatClock {
  return { cpu: (10 * cpuMs) | 0, waited: (10 * waitedMs) | 0 };
}

/** What the clock has counted since a beat. */
export function sinceBeat(beat: BeatClock, now: ThreadClock): ThreadClock {
  return {
    cpuMs: msBetween(beat.cpu, 10 * now.cpuMs),
    waitedMs: msBetween(beat.waited, 10 * now.waitedMs),
  };
}

/** Leaves word of what the main thread is about to do, for the case that it does not come back. */
export function writeNote({ words, note }: SharedMemory, text: string): void {
  // encodeInto takes no shared memory.
  const bytes = Buffer.from(text).subarray(0, note.length);
  note.set(bytes);
  Atomics.store(words, word.noteBytes, bytes.length);
}

export function readNote({ words, note }: SharedMemory): string {
  return Buffer.from(note.slice(0, Atomics.load(words, word.noteBytes))).toString();
}

/** `workerData` of both watchers, under this key. */
export const setupKey = "runrpcWatchdog";

/** What a watcher or a guard is started with. */
export interface WatchSetup {
  readonly buffer: SharedArrayBuffer;
  readonly blockMs: number;
  /** Between two beats of the main thread. */
  readonly beatMs: number;
  /** Between two looks of the watcher. */
  readonly lookMs: number;
  /** A global of the main thread by this symbol tells of which call the code at hand is a part. */
  readonly globalName: string;
}

/** A watcher or guard to the main thread. */
export type FromWatcher =
  | { readonly kind: "ready" }
  /** The main thread is to beat, if it can. */
  | { readonly kind: "ask" }
  | ({ readonly kind: "block" } & Block)
  | { readonly kind: "rescued" }
  | { readonly kind: "fault"; readonly text: string };

/** A time for which the main thread's loop did not turn. */
export interface Block {
  readonly heldMs: number;
  /** What the main thread's own processor time was; undefined where the system does not tell. */
  readonly cpuMs: number | undefined;
  /** For how long it waited for a processor; undefined where the system does not tell. */
  readonly waitedMs: number | undefined;
  /** Where it was stopped, the innermost first; empty where it was not. */
  readonly frames: readonly BlockFrame[];
  /** Whether the frames tell the line: native code is over when it is stopped, and a later line stands there. */
  readonly isSure: boolean;
  /** The call as a part of which it ran. */
  readonly call: BlockCall | undefined;
  /** Where most of the time went, by the flight recorder. */
  readonly recorded: BlockFrame | undefined;
  readonly isRecorderOn: boolean;
}

export interface BlockFrame {
  readonly url: string;
  readonly line: number;
  readonly functionName: string;
}

export interface BlockCall {
  readonly path: string;
  readonly requestId: string;
}
