import type { CallHead } from "./call.ts";
import { createOutsideScope } from "./outside-scope.ts";

/** Tells code that runs, and what follows from it, as a part of which call it does. */
export interface CallScope {
  enter<A, B, R>(head: CallHead, run: (a: A, b: B) => R, a: A, b: B): R;
  current(): CallHead | undefined;
}

/**
 * Over HTTP/2 code of a call is entered from outside all calls. Over HTTP/1.1 the context of node:http's request stays: tracers put
 * their spans there.
 */
export function createCallScope(): CallScope {
  const { enter, storage } = createOutsideScope<CallHead>();
  return {
    enter(head, run, a, b) {
      return head.httpVersion === "2.0" ? enter(head, run, a, b) : storage.run(head, run, a, b);
    },
    current: () => storage.getStore(),
  };
}
