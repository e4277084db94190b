import { follow, isThenable } from "./thenable.ts";

/**
 * The iterator of what a streaming handler, or an interceptor, gave: an async iterable, or a generator that never waits.
 *
 * @throws TypeError when it is neither.
 */
export function iteratorOf(source: unknown): AsyncIterator<unknown> {
  if (typeof source !== "object" && typeof source !== "function")
    throw new TypeError(`a streaming handler gave ${typeof source}: it gives an async iterable`);
  const open = (source as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator];
  if (typeof open !== "function") {
    if (isGenerator(source)) return asyncFrom(source);
    throw new TypeError("a streaming handler gave something without Symbol.asyncIterator");
  }
  const iterator: unknown = open.call(source);
  if (typeof iterator !== "object" || iterator === null)
    throw new TypeError("Symbol.asyncIterator of a streaming handler gave no iterator");
  return iterator as AsyncIterator<unknown>; // what it lacks is found out when it is asked
}

/** What a `function*` gives. Other iterables, such as an array, are more likely a mistake. */
function isGenerator(source: unknown): source is Generator<unknown> {
  return Object.prototype.toString.call(source) === "[object Generator]";
}

function asyncFrom(generator: Generator<unknown>): AsyncIterator<unknown> {
  return {
    async next() {
      const { done = false, value } = generator.next();
      try {
        return { done, value: await value };
      } catch (reason) {
        if (!done) generator.return(undefined); // as `for await` does
        throw reason;
      }
    },
    return: async () => generator.return(undefined),
  };
}

/** Asks for the next value. @throws whatever the iterator throws, and TypeError when it gives no promise. */
export function askNext(iterator: AsyncIterator<unknown>): PromiseLike<IteratorResult<unknown>> {
  return promised(iterator.next(), "next");
}

/**
 * Tells an iterator that nobody will ask it again; undefined when it does not want to know.
 *
 * @throws whatever the iterator throws, and TypeError when it gives no promise.
 */
export function tellReturn(iterator: AsyncIterator<unknown>): PromiseLike<unknown> | undefined {
  const tell = iterator.return;
  return tell === undefined || tell === null ? undefined : promised(tell.call(iterator), "return");
}

/** Whether an iterator is done. @throws TypeError for a result that is none, and whatever its getter throws. */
export function isDone(result: IteratorResult<unknown>): boolean {
  if ((typeof result !== "object" && typeof result !== "function") || result === null)
    throw new TypeError(`the iterator of a streaming handler gave ${typeof result} instead of a result`);
  return Boolean(result.done);
}

/** `source` with each value passed through `change`. `next` throws what the iterator throws at once. */
export function mapped<A, B>(source: AsyncIterable<A>, change: (value: A) => B): AsyncIterable<B> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = iteratorOf(source);
      const give = (value: unknown): IteratorResult<B> => {
        try {
          return { done: false, value: change(value as A) }; // the source is one of A
        } catch (reason) {
          leave(iterator);
          throw reason;
        }
      };
      const step = (result: IteratorResult<unknown>): IteratorResult<B> | Promise<IteratorResult<B>> => {
        if (isDone(result)) return { done: true, value: undefined };
        const { value } = result;
        return isThenable(value) ? Promise.resolve(value).then(give) : give(value);
      };
      return {
        next: () => Promise.resolve(askNext(iterator)).then(step),
        async return() {
          await tellReturn(iterator);
          return { done: true, value: undefined };
        },
      };
    },
  };
}

/** What `for await` does when its body throws: what `return` throws then is lost behind that. */
function leave(iterator: AsyncIterator<unknown>): void {
  try {
    const told = tellReturn(iterator);
    if (told !== undefined) follow(told, nothing, nothing);
  } catch {
    // The error of the body says more.
  }
}

function nothing(): void {}

function promised<T>(value: PromiseLike<T>, method: string): PromiseLike<T> {
  if (isThenable(value)) return value;
  throw new TypeError(`${method}() of a streaming handler's iterator gave no promise`);
}
