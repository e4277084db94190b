import { AsyncLocalStorage } from "node:async_hooks";
import type { CallHead } from "./call.ts";

/** Tells code that runs, and what follows from it, as a part of which call it does. */
export interface CallScope {
  enter<A, B, R>(head: CallHead, run: (a: A, b: B) => R, a: A, b: B): R;
  current(): CallHead | undefined;
}

/**
 * Over HTTP/2 code of a call is entered from outside all calls: from the context in which this was called. `run` of an
 * AsyncLocalStorage makes a context for the call and another one for the way back, each of them a Map; from an empty context it is
 * one, and half the time. Over HTTP/1.1 the context of node:http's request stays: tracers put their spans there.
 */
export function createCallScope(): CallScope {
  const scope = new AsyncLocalStorage<CallHead>();
  const outside = AsyncLocalStorage.snapshot();

  function inside<A, B, R>(head: CallHead, run: (a: A, b: B) => R, a: A, b: B): R {
    scope.enterWith(head); // until `outside` is left
    return run(a, b);
  }

  return {
    enter(head, run, a, b) {
      if (head.httpVersion !== "2.0") return scope.run(head, run, a, b);
      return outside(inside<typeof a, typeof b, ReturnType<typeof run>>, head, run, a, b);
    },
    current: () => scope.getStore(),
  };
}
