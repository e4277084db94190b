import type { Letters } from "./letters.ts";

/** What a worker is asked about again and again. */
export const BEAT = "beat";

/** How often a worker is asked, and how many times in a row it may leave that unanswered. */
export interface HeartbeatOptions {
  /** In milliseconds. Default 5,000. */
  readonly everyMs?: number;
  /** Default 6. */
  readonly maxMissed?: number;
}

/** The flags of this process are those of its workers. */
const isDebugged = process.execArgv.some((flag) => /^--inspect(-brk|-wait)?(=|$)/.test(flag));

/**
 * Watches whether the event loop of a worker turns: by code that never yields, or by a signal, it may stand still for ever, and so would
 * its connections, and the one that is on its way to it.
 *
 * Turns are counted, and not time: after a stop of all processes (Ctrl-Z, a machine that sleeps) each has time to answer. Under a debugger,
 * which has workers stand still, nobody is watched.
 *
 * @param onStill called once, when it has missed too many
 * @returns ends the watch
 */
export function watchHeartbeat(
  { ask }: Pick<Letters, "ask">,
  onStill: (heldMs: number) => void,
  { everyMs = 5_000, maxMissed = 6 }: HeartbeatOptions = {},
): () => void {
  if (isDebugged) return () => {};
  let missed = 0;
  let isAsked = false;
  const timer = setInterval(look, everyMs);
  timer.unref();

  function look(): void {
    if (isAsked) missed++;
    else void beat();
    if (missed < maxMissed) return;
    clearInterval(timer);
    onStill(missed * everyMs);
  }

  /** One question at a time: those for a process that stands still pile up. */
  async function beat(): Promise<void> {
    isAsked = true;
    const answer = await ask(BEAT, (maxMissed + 1) * everyMs);
    isAsked = false;
    if (answer !== undefined) missed = 0;
  }

  return () => clearInterval(timer);
}
