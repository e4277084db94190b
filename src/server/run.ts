import type { Message } from "@bufbuild/protobuf";
import type { Call } from "./call.ts";

/**
 * Waits for a handler's message, and no longer than the call lasts: at a deadline or cancel it rejects at once,
 * whether the handler listens to its signal or not.
 *
 * @throws ConnectError always, whatever the handler threw.
 */
export async function runToMessage(call: Call, start: () => Message | Promise<Message>): Promise<Message> {
  try {
    if (call.cancelledBy !== undefined) throw call.error;
    call.handlerRunning = true;
    const started = start();
    if (!(started instanceof Promise)) {
      call.handlerDone();
      call.succeed();
      return started;
    }
    const message = await untilCancelled(
      call,
      started.finally(() => call.handlerDone()),
    );
    call.succeed();
    return message;
  } catch (reason) {
    // Covers a handler that throws before it gives its promise.
    if (call.cancelledBy === undefined) call.handlerDone();
    throw call.fail(reason);
  }
}

/**
 * The messages of a streaming handler, no longer than the call lasts. When the call is cancelled the handler's
 * generator is told to return, so that its `finally` runs even if nobody asks for the next message.
 *
 * @throws ConnectError always, whatever the handler threw.
 */
export function runToStream(call: Call, start: () => AsyncIterable<Message>): AsyncIterable<Message> {
  return { [Symbol.asyncIterator]: () => guardedIterator(call, start) };
}

function guardedIterator(call: Call, start: () => AsyncIterable<Message>): AsyncIterator<Message> {
  let source: AsyncIterator<Message> | undefined;
  let forget: (() => void) | undefined;
  const leave = async (): Promise<void> => {
    try {
      await source?.return?.();
    } catch (reason) {
      // The call has its outcome; what a `finally` throws after it belongs in the log.
      if (call.cancelledBy === undefined) call.fail(reason);
    } finally {
      call.handlerDone();
    }
  };
  const begin = (): AsyncIterator<Message> => {
    if (call.cancelledBy !== undefined) throw call.error;
    call.handlerRunning = true;
    source = start()[Symbol.asyncIterator]();
    forget = call.onCancel(() => void leave());
    return source;
  };
  return {
    async next() {
      try {
        const result = await untilCancelled(call, (source ?? begin()).next());
        if (result.done !== true) {
          call.messagesOut++;
          return result;
        }
        forget?.();
        call.handlerDone();
        call.succeed();
        return result;
      } catch (reason) {
        if (call.cancelledBy === undefined) {
          forget?.();
          call.handlerDone();
        }
        throw call.fail(reason);
      }
    },
    async return() {
      forget?.();
      if (call.handlerRunning && call.cancelledBy === undefined) await leave();
      return { done: true, value: undefined };
    },
  };
}

/** The messages that a client sends, counted, and no longer than the call lasts. */
export async function* runInput(call: Call, source: AsyncIterable<Message>): AsyncGenerator<Message> {
  const iterator = source[Symbol.asyncIterator]();
  for (;;) {
    const result = await untilCancelled(call, iterator.next());
    if (result.done === true) return;
    call.messagesIn++;
    yield result.value;
  }
}

/** Settles as `promise` does, or rejects with the reason of the cancel, whichever comes first. */
export function untilCancelled<T>(call: Call, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = call.onCancel(reject);
    promise.then(
      (value) => {
        forget();
        resolve(value);
      },
      (reason) => {
        forget();
        reject(reason);
      },
    );
  });
}
