import { AsyncLocalStorage } from "node:async_hooks";

/** Tells code that runs, and what follows from it, as a part of what it does: it is entered from outside of all that. */
export interface OutsideScope<T> {
  enter<A, B, R>(value: T, run: (a: A, b: B) => R, a: A, b: B): R;
  /** For code that is entered from within a context that is to stay. */
  readonly storage: AsyncLocalStorage<T>;
}

/**
 * Makes a scope that is entered from the context in which this was called. `run` of an AsyncLocalStorage makes a context for the call
 * and another one for the way back, each of them a Map; from an empty context it is one, and half the time.
 */
export function createOutsideScope<T>(): OutsideScope<T> {
  const storage = new AsyncLocalStorage<T>();
  const outside = AsyncLocalStorage.snapshot();

  function inside<A, B, R>(value: T, run: (a: A, b: B) => R, a: A, b: B): R {
    storage.enterWith(value); // until `outside` is left
    return run(a, b);
  }

  return {
    storage,
    enter: (value, run, a, b) =>
      outside(inside<typeof a, typeof b, ReturnType<typeof run>>, value, run, a, b),
  };
}
