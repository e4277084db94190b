/** The time of day, which a test moves. Disposing of it gives the real one back. */
export interface TestClock extends Disposable {
  /** Moves it on by so many milliseconds, or back. */
  advance(ms: number): void;
}

/**
 * Takes the place of this thread's clock: `Date.now()` and `new Date()`, in the package, in handlers and in the test. It goes on
 * as the real one does, from where it was moved to. Timers keep their pace: what was to end at a time of day, such as the
 * stream of a key that expires, ends when it is looked at next. Threads of the database have the real time.
 *
 *     using clock = createTestClock();
 *     const key = await app.createKey({ expiresAt: new Date(Date.now() + 3_600_000) });
 *     clock.advance(3_600_000); // the key has expired
 *
 * @throws Error where there is one already: two would undo each other
 */
export function createTestClock(): TestClock {
  const real = globalThis.Date;
  if (Reflect.has(real, isMoved)) throw new Error("the clock of this process is moved by a test already");
  let offsetMs = 0;
  const now = () => real.now() + offsetMs;
  // A proxy and no subclass: dates that were made before are instances of it as well.
  globalThis.Date = new Proxy(real, {
    construct: (target, args, newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new real(now()).toString(),
    get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
    has: (target, name) => name === isMoved || Reflect.has(target, name),
  });
  return {
    advance(ms) {
      offsetMs += ms;
    },
    [Symbol.dispose]() {
      globalThis.Date = real;
    },
  };
}

/** Tells a clock that a test moves from the real one. */
const isMoved = Symbol("a clock that a test moves");
