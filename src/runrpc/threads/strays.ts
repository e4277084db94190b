import { createOutsideScope } from "../server/call/outside-scope.ts";
import { type StrayOrigin, setOrigin } from "../server/call/strays.ts";
import { ThreadContext } from "./thread-context.ts";
import { errorFromWire, type WireError, wireFromError } from "./wire-error.ts";

/** An error of a thread that nobody there catches, as the main thread is told of it. */
export interface Stray {
  readonly stray: WireError;
  readonly isRejection: boolean;
  /** The call as a part of which the code ran; undefined where that is not known. */
  readonly origin: StrayOrigin | undefined;
}

/** Knows as a part of which call the code of a thread runs. */
export interface ThreadStrays {
  enter<R>(context: ThreadContext, run: () => R): R;
  /** Has this thread go on where Node would end it, and with it all calls that it runs: the main thread says what becomes of it. */
  tell(tell: (stray: Stray) => void): void;
}

export function createThreadStrays(): ThreadStrays {
  const { enter, storage } = createOutsideScope<ThreadContext>();

  function strayOf(reason: unknown, isRejection: boolean): Stray {
    const context = storage.getStore();
    return { stray: wireFromError(reason), isRejection, origin: context && ThreadContext.origin(context) };
  }

  return {
    enter: (context, run) => enter(context, run, undefined, undefined),
    tell(tell) {
      process.on("unhandledRejection", (reason) => tell(strayOf(reason, true)));
      process.on("uncaughtException", (error) => tell(strayOf(error, false)));
    },
  };
}

/** Leaves it behind once more, as a handler on this thread would have: whoever watches over those of the process hears of it. */
export function leaveAgain({ stray, isRejection, origin }: Stray): void {
  const error = errorFromWire(stray) as object; // it makes an Error of whatever was thrown
  setOrigin(error, origin);
  if (isRejection) void Promise.reject(error);
  else
    setImmediate(() => {
      throw error;
    });
}
