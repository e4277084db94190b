/** A stream of requests that a test feeds by hand. To be read once. */
export interface RequestStream<T> extends AsyncIterable<T> {
  send(...items: T[]): void;
  /** The client has no more to say. */
  end(): void;
  /** The reader gets this error when it has read what was sent. */
  fail(reason: unknown): void;
}

/** Makes a stream of requests that waits for what the test sends. */
export function createRequestStream<T>(): RequestStream<T> {
  const items: T[] = [];
  let end: { readonly reason: unknown } | undefined;
  let changed = Promise.withResolvers<void>();
  const change = (): void => {
    changed.resolve();
    changed = Promise.withResolvers();
  };
  return {
    send(...more) {
      items.push(...more);
      change();
    },
    end() {
      end = { reason: undefined };
      change();
    },
    fail(reason) {
      end = { reason };
      change();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        const item = items.shift();
        if (item !== undefined) yield item;
        else if (end === undefined) await changed.promise;
        else if (end.reason === undefined) return;
        else throw end.reason;
      }
    },
  };
}

/**
 * The next `count` messages of a response, or fewer where it ends. Nothing is read between two calls, so that a test that
 * takes a few at a time is a slow reader.
 */
export async function take<T>(messages: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const next = await messages.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

/** All messages of a response. */
export function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  return Array.fromAsync(messages);
}

/**
 * Calls a streaming method, cancels it when `count` messages have come, and gives these. `call` is handed the signal to
 * call with; what the call ends with after its cancel is expected, and passed over.
 *
 *     const events = await takeThenCancel(3, (signal) => client.streamEvents({}, { signal }));
 */
export async function takeThenCancel<T>(
  count: number,
  call: (signal: AbortSignal) => AsyncIterable<T>,
): Promise<T[]> {
  const cancel = new AbortController();
  const messages = call(cancel.signal)[Symbol.asyncIterator]();
  const taken = await take(messages, count);
  cancel.abort();
  await messages.next().catch(() => undefined);
  return taken;
}
