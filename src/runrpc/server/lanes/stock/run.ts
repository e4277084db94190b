import type { Message } from "@bufbuild/protobuf";
import type { Call } from "../../call/call.ts";
import { askNext, isDone, iteratorOf, tellReturn } from "../../routes/iterator.ts";
import { isThenable } from "../../routes/thenable.ts";
import type { Whole } from "../../routes/whole-message.ts";

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
    const started = call.enter(start, undefined, undefined);
    if (!isThenable(started)) {
      call.handlerDone();
      call.succeed();
      return started;
    }
    const message = await untilCancelled(call, followed(call, started));
    call.succeed();
    return message;
  } catch (reason) {
    // Covers a handler that throws before it gives its promise.
    if (call.cancelledBy === undefined) call.handlerDone();
    throw call.fail(reason);
  }
}

/** Notes when the handler is done, and what it throws after its call has ended. */
async function followed(call: Call, started: PromiseLike<Message>): Promise<Message> {
  try {
    return await started;
  } catch (reason) {
    if (call.cancelledBy !== undefined) call.failLate(reason);
    throw reason;
  } finally {
    call.handlerDone();
  }
}

/**
 * The messages of a streaming handler, no longer than the call lasts. When the call is cancelled the handler's
 * generator is told to return, so that its `finally` runs even if nobody asks for the next message.
 *
 * @param whole makes a message of what the handler yields.
 * @throws ConnectError always, whatever the handler threw.
 */
export function runToStream(
  call: Call,
  start: () => unknown,
  whole: Whole = (value) => value as Message, // the default is for handlers that yield nothing else
): AsyncIterable<Message> {
  return { [Symbol.asyncIterator]: () => guardedIterator(call, start, whole) };
}

function guardedIterator(call: Call, start: () => unknown, whole: Whole): AsyncIterator<Message> {
  let source: AsyncIterator<unknown> | undefined;
  let forget: (() => void) | undefined;
  // A handler that never ends keeps what asks it, and would keep with it what it was begun with: the adapter's context.
  let unbegun: (() => unknown) | undefined = start;
  const leave = async (): Promise<void> => {
    try {
      if (source !== undefined) await call.enter(tellReturn, source, undefined);
    } catch (reason) {
      call.failLate(reason);
    } finally {
      call.handlerDone();
    }
  };
  const begin = (): AsyncIterator<unknown> => {
    if (call.cancelledBy !== undefined) throw call.error;
    call.handlerRunning = true;
    source = iteratorOf(unbegun?.());
    unbegun = undefined;
    forget = call.onCancel(() => void leave());
    return source;
  };
  /** The next value; undefined is the end. */
  const ask = async (): Promise<{ readonly value: unknown } | undefined> => {
    try {
      const result = await call.enter(() => askNext(source ?? begin()), undefined, undefined);
      return isDone(result) ? undefined : { value: result.value };
    } catch (reason) {
      if (call.cancelledBy !== undefined) call.failLate(reason);
      throw reason;
    }
  };
  const messageOf = async (value: unknown): Promise<Message> => {
    try {
      return whole(isThenable(value) ? await untilCancelled(call, Promise.resolve(value)) : value);
    } catch (reason) {
      const isOpen = call.cancelledBy === undefined;
      const error = call.fail(reason);
      // At a cancel it was left by then.
      if (isOpen) void leave();
      throw error;
    }
  };
  return {
    async next() {
      let result: Awaited<ReturnType<typeof ask>>;
      try {
        if (call.turns.isOver()) await nextTurn(call);
        result = await untilCancelled(call, ask());
      } catch (reason) {
        if (call.cancelledBy !== undefined) throw call.fail(reason);
        forget?.();
        call.handlerDone();
        throw call.fail(reason);
      }
      if (result !== undefined) {
        const value = await messageOf(result.value);
        if (call.cancelledBy !== undefined) throw call.error;
        call.sent();
        return { done: false, value };
      }
      forget?.();
      call.handlerDone();
      call.succeed();
      return { done: true, value: undefined };
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
    if (call.turns.isOver()) await nextTurn(call);
    const result = await untilCancelled(call, iterator.next());
    if (result.done === true) return;
    call.messagesIn++;
    yield result.value;
  }
}

function nextTurn(call: Call): Promise<void> {
  return new Promise((turned) => call.turns.wait({ turned }));
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
