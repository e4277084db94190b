import type { Socket } from "node:net";
import type { ListenerOptions } from "./options.ts";

type Limits = Pick<ListenerOptions, "maxConnectionAgeMs" | "maxConnectionAgeGraceMs">;

/** How long the answers of requests that were cut off may take to leave, in milliseconds. */
const LAST_WORDS_MS = 1_000;

/**
 * Has a connection end in good order when it has reached its greatest age, and cuts off what is still open when the
 * grace after it is over. Long-lived connections stay with the server that they found first: an end now and then lets
 * a balancer spread them anew.
 */
export function watchAge(
  socket: Socket,
  { maxConnectionAgeMs = 0, maxConnectionAgeGraceMs = 0 }: Limits,
  { end, cut }: { readonly end: () => void; readonly cut: () => void },
): void {
  if (maxConnectionAgeMs === 0) return;
  let timer = setTimeout(onAge, spreadAgeMs(maxConnectionAgeMs));
  function onAge(): void {
    end();
    if (maxConnectionAgeGraceMs > 0) timer = setTimeout(onGrace, maxConnectionAgeGraceMs);
  }
  function onGrace(): void {
    cut();
    timer = setTimeout(() => socket.destroy(), LAST_WORDS_MS);
  }
  socket.once("close", () => clearTimeout(timer));
}

/** The age of one connection, within a tenth of `ageMs`: those that came together do not leave together. */
export function spreadAgeMs(ageMs: number, random: () => number = Math.random): number {
  return Math.min(MAX_TIMER_MS, Math.round(ageMs * (0.9 + 0.2 * random())));
}

/** Node fires a timer of more at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;
