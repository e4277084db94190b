/** A promise that knows whether anybody waits for it: `await`, `then`, `catch` and `Promise.all` all call `then`. */
class HeardPromise<T> extends Promise<T> {
  isHeard = false;

  /** What `then` gives is an ordinary promise: of its fate Node tells. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // biome-ignore lint/suspicious/noThenProperty: a promise has one
  override then<A = T, B = never>(
    resolved?: ((value: T) => A | PromiseLike<A>) | null,
    rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.isHeard = true;
    return super.then(resolved, rejected);
  }
}

const { then } = Promise.prototype;

/**
 * Settles as `answer` does. Where it rejects and nobody waits for it, `unheard` is called with the reason, and Node is not
 * told of a rejection that nobody handles, which would end the process: a forgotten `await` before a query is told by the
 * query's name instead.
 */
export function heardPromise(answer: Promise<unknown>, unheard: (reason: unknown) => void): Promise<unknown> {
  const promise = new HeardPromise((resolve, reject) => {
    answer.then(resolve, (reason: unknown) => {
      reject(reason);
      if (promise.isHeard) return;
      then.call(promise, undefined, ignore);
      // Like Node: whoever waits for it by the end of this turn's microtasks is in time.
      process.nextTick(() => {
        if (!promise.isHeard) unheard(reason);
      });
    });
  });
  return promise;
}

/** Whether somebody waits for a promise of {@link heardPromise}, or did. What is none of them counts as heard. */
export function isHeard(promise: unknown): boolean {
  return !(promise instanceof HeardPromise) || promise.isHeard;
}

function ignore(): void {}
