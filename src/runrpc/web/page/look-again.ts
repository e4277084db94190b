import { CallFailure } from "./connect/ask.ts";

/** Before a server that cannot be reached is asked again, in milliseconds. */
const RETRY_MS = 2_000;

export interface LookAgainOptions {
  /** Asks the server what it serves. */
  readonly look: () => Promise<void>;
  /** Hears why it did not say so; undefined: it has. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Looks whether the server is the one that it was: when somebody comes back to the page, and when `again` is called, as a call has
 * failed. One that cannot be reached is asked until it can, as long as the page is looked at.
 */
export function createLookAgain({ look, onFault }: LookAgainOptions): { readonly again: () => void } {
  let isLooking = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function again(): Promise<void> {
    if (isLooking) return;
    isLooking = true;
    clearTimeout(timer);
    try {
      await look();
      onFault(undefined);
    } catch (error) {
      onFault(error);
      const isGone = error instanceof CallFailure && error.error.code === "unavailable";
      if (isGone && !document.hidden) timer = setTimeout(again, RETRY_MS);
    }
    isLooking = false;
  }

  addEventListener("focus", () => void again());
  document.addEventListener("visibilitychange", () => !document.hidden && void again());
  return { again: () => void again() };
}
