import { errorFromWire, type WireError, wireFromError } from "./wire-error.ts";

/** An error of a thread that nobody there catches, as the main thread is told of it. */
export interface Stray {
  readonly stray: WireError;
  readonly isRejection: boolean;
}

/** Has this thread go on where Node would end it, and with it all calls that it runs: the main thread says what becomes of it. */
export function tellStrays(tell: (stray: Stray) => void): void {
  process.on("unhandledRejection", (reason) => tell({ stray: wireFromError(reason), isRejection: true }));
  process.on("uncaughtException", (error) => tell({ stray: wireFromError(error), isRejection: false }));
}

/** Leaves it behind once more, as a handler on this thread would have: whoever watches over those of the process hears of it. */
export function leaveAgain({ stray, isRejection }: Stray): void {
  const error = errorFromWire(stray);
  if (isRejection) void Promise.reject(error);
  else
    setImmediate(() => {
      throw error;
    });
}
