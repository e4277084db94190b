import type { HandlerContext } from "@connectrpc/connect";
import { nobodyReads, ThreadedCall, type ThreadedCallOptions } from "./threaded-call.ts";

type Input = Uint8Array | AsyncIterable<Uint8Array>;

/** A call with one answer. It settles when no code of it runs any more, whatever its client was told by then. */
export function callForMessage(
  options: ThreadedCallOptions,
  input: Input,
  context: HandlerContext,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const done = (bytes: Buffer | undefined): void => {
      if (bytes === undefined) reject(new Error("a thread ended a call without its answer"));
      else resolve(bytes);
    };
    new ThreadedCall(options, input, context, { message() {}, done, failed: reject }).begin();
  });
}

/** A call that streams its answers. It begins when it is asked for the iterator. */
export function callForStream(
  options: ThreadedCallOptions,
  input: Input,
  context: HandlerContext,
): AsyncIterable<Buffer> {
  return { [Symbol.asyncIterator]: () => streamOf(options, input, context) };
}

type Next = IteratorResult<Buffer, undefined>;

const DONE: Next = Object.freeze({ done: true, value: undefined });

function streamOf(
  options: ThreadedCallOptions,
  input: Input,
  context: HandlerContext,
): AsyncIterator<Buffer, undefined> {
  const messages: Buffer[] = [];
  const over = Promise.withResolvers<void>();
  let waiter: PromiseWithResolvers<Next> | undefined;
  let end: { readonly reason: unknown; readonly hasFailed: boolean } | undefined;

  function settle(): void {
    const asked = waiter;
    if (asked === undefined) return;
    const value = messages.shift();
    if (value === undefined && end === undefined) return;
    waiter = undefined;
    if (value !== undefined) {
      call.took();
      asked.resolve({ done: false, value });
    } else if (end?.hasFailed === true) asked.reject(end.reason);
    else asked.resolve(DONE);
  }

  function finish(hasFailed: boolean, reason: unknown): void {
    end = { reason, hasFailed };
    over.resolve();
    settle();
  }

  const call = new ThreadedCall(options, input, context, {
    message(bytes) {
      messages.push(bytes);
      settle();
    },
    done: () => finish(false, undefined),
    failed: (reason) => finish(true, reason),
  });
  call.begin();
  return {
    next() {
      waiter = Promise.withResolvers();
      const { promise } = waiter;
      settle();
      return promise;
    },
    /** Its reader has left: it settles when the generator has ended, and as that did. */
    async return() {
      // The signal of a call that was cancelled says why, and aborts in the same turn.
      await undefined;
      call.cancel(nobodyReads());
      await over.promise;
      if (end?.hasFailed === true) throw end.reason;
      return DONE;
    },
  };
}
