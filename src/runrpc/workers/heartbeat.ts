import { url as inspectorUrl } from "node:inspector";
import type { Letters } from "./letters.ts";

/** What a worker is asked about again and again. */
export const BEAT = "beat";

/** How many times in a row a worker may leave that unanswered. */
const MAX_MISSED = 6;

/** The answer of a worker that a debugger may attach to. */
const DEBUGGED = "debugged";

/** What a worker answers, whatever has opened its inspector: a flag, NODE_OPTIONS, SIGUSR1, its own code. */
export function answerBeat(): string {
  return inspectorUrl() === undefined ? "" : DEBUGGED;
}

/**
 * Watches whether the event loop of a worker turns: by code that never yields, or by a signal, it may stand still for ever, and so would
 * its connections, and the one that is on its way to it.
 *
 * Turns are counted, and not time: after a stop of all processes (Ctrl-Z, a machine that sleeps) each has time to answer. None are counted
 * of a worker that has last said that a debugger may have it stand still.
 *
 * @param maxStillMs for how long it may miss all, in milliseconds, above 0
 * @param onStill called once, when it has missed too many
 * @returns ends the watch
 */
export function watchHeartbeat(
  { ask }: Pick<Letters, "ask">,
  maxStillMs: number,
  onStill: () => void,
): () => void {
  const everyMs = Math.max(1, maxStillMs / MAX_MISSED);
  let missed = 0;
  let isDebugged = false;
  let isAsked = false;
  const timer = setInterval(look, everyMs);
  timer.unref();
  void beat();

  function look(): void {
    if (!isAsked) void beat();
    else if (!isDebugged) missed++;
    if (missed < MAX_MISSED) return;
    clearInterval(timer);
    onStill();
  }

  /** One question at a time: those for a process that stands still pile up. */
  async function beat(): Promise<void> {
    isAsked = true;
    const answer = await ask(BEAT, maxStillMs + everyMs);
    isAsked = false;
    if (answer === undefined) return;
    missed = 0;
    isDebugged = answer === DEBUGGED;
  }

  return () => clearInterval(timer);
}
