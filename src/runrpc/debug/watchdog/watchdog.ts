import { randomUUID } from "node:crypto";
import { Worker } from "node:worker_threads";
import { type Heart, startHeart } from "./heart.ts";
import {
  type Block,
  type BlockCall,
  createMemory,
  type FromWatcher,
  setupKey,
  type WatchSetup,
  writeNote,
} from "./memory.ts";

/** Watches that the main thread's loop turns. */
export interface Watchdog {
  /** A call begins: what holds the loop may follow. */
  wake(): void;
  /** Leaves word of native code that is about to run, in case that it does not come back; empty: it has. */
  note(text: string): void;
  /** Lets the main thread go, if it is stopped, and ends the threads. */
  close(): Promise<void>;
}

export interface WatchdogOptions {
  /** How long the loop may stand still, in milliseconds. */
  readonly blockMs: number;
  /** The call as a part of which the code at hand runs. Called while the main thread is stopped. */
  readonly currentCall: () => BlockCall | undefined;
  readonly onBlock: (block: Block) => void;
  /** The watchdog itself has failed. The main thread goes on, and is watched again in a moment. */
  readonly onFault: (text: string) => void;
  /** The files of the two threads. Default: the watchdog's own. */
  readonly threads?: { readonly watcher: URL; readonly guard: URL };
  /** How long after a fault it begins again, in milliseconds; doubled with each, up to a minute. Default 100. */
  readonly restartMs?: number;
}

/** Beats that a block lasts at least. What is told of its length is one beat too long at most. */
const BEATS_OF_BLOCK = 4;
const BEAT_MS = { least: 4, greatest: 25 } as const;
/** Beats between two looks of the watcher: each wakes a thread, of an idle server too. */
const BEATS_OF_LOOK = 2;
const GREATEST_RESTART_MS = 60_000;
/** How long the threads may take to end, in milliseconds. */
const CLOSE_MS = 2_000;

const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
const ownThreads = {
  watcher: new URL(`./watcher-thread.${ending}`, import.meta.url),
  guard: new URL(`./guard-thread.${ending}`, import.meta.url),
};

/**
 * Starts to watch the thread that calls it, which has to be the main one: resolves when both threads run. Whoever starts it
 * closes it.
 */
export async function startWatchdog(options: WatchdogOptions): Promise<Watchdog> {
  const { blockMs, currentCall, threads = ownThreads } = options;
  const memory = createMemory();
  const beatMs = Math.max(BEAT_MS.least, Math.min(BEAT_MS.greatest, Math.floor(blockMs / BEATS_OF_BLOCK)));
  const globalName = `runrpc.watchdog.${randomUUID()}`;
  const globals = globalThis as Record<symbol, unknown>;
  const symbol = Symbol.for(globalName);
  globals[symbol] = () => JSON.stringify(currentCall());
  const setup: WatchSetup = {
    buffer: memory.words.buffer,
    blockMs,
    beatMs,
    lookMs: BEATS_OF_LOOK * beatMs,
    globalName,
  };

  const heart = startHeart(memory, beatMs);
  const watcher = keepThread(threads.watcher, "debug-watcher", setup, options, heart);
  const guard = keepThread(threads.guard, "debug-guard", setup, options, heart);
  await Promise.all([watcher.started, guard.started]);
  return {
    wake: heart.wake,
    note(text) {
      heart.wake();
      writeNote(memory, text);
    },
    async close() {
      // In this order: the watcher may have stopped this thread when it is told to end.
      await watcher.close();
      await guard.close();
      heart.stop();
      delete globals[symbol];
    },
  };
}

interface KeptThread {
  /** Resolves when it runs, or has failed to. */
  readonly started: Promise<void>;
  close(): Promise<void>;
}

/** A thread that is started again when it ends by itself. */
function keepThread(
  file: URL,
  name: string,
  setup: WatchSetup,
  options: WatchdogOptions,
  heart: Heart,
): KeptThread {
  const { onBlock, onFault, restartMs = 100 } = options;
  const started = Promise.withResolvers<void>();
  let delayMs = restartMs;
  let timer: NodeJS.Timeout | undefined;
  let isClosing = false;
  let worker: Worker;

  function start(): void {
    worker = new Worker(file, { name, workerData: { [setupKey]: setup } });
    worker.unref();
    worker.on("message", (message: FromWatcher) => {
      if (message.kind === "ready") started.resolve();
      else if (message.kind === "ask") heart.answer();
      else if (message.kind === "block") onBlock(message);
      else if (message.kind === "rescued")
        onFault("the watcher did not let the main thread go: its guard did");
      else if (message.kind === "fault") onFault(message.text);
      // All else is Node's own, which names a module to `node --watch`.
    });
    worker.on("error", (error) => onFault(String(error)));
    worker.on("exit", () => {
      started.resolve();
      if (isClosing) return;
      timer = setTimeout(start, delayMs).unref();
      delayMs = Math.min(2 * delayMs, GREATEST_RESTART_MS);
    });
  }

  start();
  return {
    started: started.promise,
    async close() {
      isClosing = true;
      clearTimeout(timer);
      if (worker.threadId === -1) return;
      const ended = new Promise((resolve) => worker.once("exit", resolve));
      worker.postMessage("close");
      const late = setTimeout(() => void worker.terminate(), CLOSE_MS);
      // Unreferenced, it would not keep the process alive until it has ended.
      worker.ref();
      await ended;
      clearTimeout(late);
    },
  };
}
