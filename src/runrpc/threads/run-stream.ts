import type { Message } from "@bufbuild/protobuf";
import { askNext, isDone, iteratorOf, tellReturn } from "../server/routes/iterator.ts";
import { isThenable } from "../server/routes/thenable.ts";
import { CREDIT_LOT, op, WINDOW } from "./protocol.ts";
import { ThreadContext } from "./thread-context.ts";
import type { ThreadMethod } from "./thread-method.ts";
import { wireFromError } from "./wire-error.ts";

/** How a call speaks to the main thread. */
export interface CallLine {
  say(op: number, bytes: Buffer | undefined, value?: unknown): void;
  flush(): void;
}

/** A call that runs in this thread. */
export interface RunningCall {
  /** A message of the client's stream. */
  message(bytes: Buffer): void;
  /** The client's stream has ended; with a reason, it is broken. */
  end(reason?: { readonly reason: unknown }): void;
  /** The main thread takes so many messages more. */
  credit(count: number): void;
  cancel(reason: unknown): void;
}

/**
 * Runs a call that streams in one direction or both. `onEnd` is called once, later, when no code of it runs any more; by then
 * the main thread is told.
 */
export function runStream(
  { method, run, decode, encode, isSync }: ThreadMethod,
  request: Buffer | undefined,
  context: ThreadContext,
  line: CallLine,
  onEnd: () => void,
): RunningCall {
  const input = createInput(decode, line);
  let credit = WINDOW;
  let onCredit: (() => void) | undefined;
  let cancelled: { readonly reason: unknown } | undefined;
  let output: AsyncIterator<unknown> | undefined;
  let leaving: Promise<void> | undefined;
  let isOver = false;

  function finish(code: number, bytes: Buffer | undefined, value: unknown): void {
    if (isOver) return;
    isOver = true;
    line.say(code, bytes, value);
    if (isSync) line.flush();
    onEnd();
  }
  const sent = () => ThreadContext.sent(context);
  const fail = (reason: unknown): void => finish(op.fail, undefined, [wireFromError(reason), sent()]);
  const done = (): void => finish(op.end, undefined, sent());

  function answer(value: unknown): void {
    let bytes: Buffer;
    try {
      bytes = encode(value);
    } catch (reason) {
      fail(reason);
      return;
    }
    finish(op.end, bytes, sent());
  }

  /** What the generator yields, as long as the main thread takes it. */
  async function stream(source: unknown): Promise<void> {
    try {
      output = iteratorOf(source);
      for (;;) {
        if (cancelled !== undefined) {
          await leave(output);
          return done();
        }
        if (credit === 0)
          await new Promise<void>((resolve) => {
            onCredit = resolve;
          });
        if (cancelled !== undefined) continue;
        const result = await askNext(output);
        if (isOver || isDone(result)) return done();
        const bytes = await bytesOf(result.value, output);
        credit--;
        line.say(op.message, bytes);
        if (isSync) {
          line.flush();
          // Between two messages, what the main thread has said is heard.
          await new Promise(setImmediate);
        }
      }
    } catch (reason) {
      fail(reason);
    }
  }

  /** @throws what the value is no message for; nobody will ask for another one then. */
  async function bytesOf(value: unknown, from: AsyncIterator<unknown>): Promise<Buffer> {
    try {
      return encode(await value);
    } catch (reason) {
      await leave(from).catch(nothing); // the first fault is the one that is told
      throw reason;
    }
  }

  /** Tells it once that it is over. Rejects with what it throws then, at once or later. */
  function leave(iterator: AsyncIterator<unknown>): Promise<void> {
    leaving ??= told(iterator);
    return leaving;
  }

  function start(): void {
    const { methodKind } = method;
    const result = run(
      methodKind === "server_streaming" ? decode(request ?? NOTHING) : input.messages,
      context,
    );
    if (methodKind !== "client_streaming") void stream(result);
    else if (isThenable(result)) Promise.resolve(result).then(answer, fail);
    else answer(result);
  }

  // Not in the turn in which it came: the call has to be known by then.
  queueMicrotask(() => {
    try {
      start();
    } catch (reason) {
      fail(reason);
    }
  });
  return {
    message: input.push,
    end: input.end,
    credit(count) {
      credit += count;
      onCredit?.();
      onCredit = undefined;
    },
    cancel(reason) {
      cancelled ??= { reason };
      ThreadContext.abort(context, reason);
      input.end({ reason });
      onCredit?.();
      onCredit = undefined;
      // A generator that waits is told; one that runs is, when it yields.
      if (output !== undefined) leave(output).then(done, fail);
    },
  };
}

const NOTHING = Buffer.alloc(0);

async function told(iterator: AsyncIterator<unknown>): Promise<void> {
  await tellReturn(iterator);
}

function nothing(): void {}

/** The messages of a client, as the handler takes them. */
function createInput(decode: (bytes: Buffer) => Message, line: CallLine) {
  const waiting: Buffer[] = [];
  let taken = 0;
  let ended: { readonly reason?: unknown; readonly isBroken: boolean } | undefined;
  let waiter: PromiseWithResolvers<IteratorResult<Message, undefined>> | undefined;
  let isClosed = false;

  function take(): IteratorResult<Message, undefined> | undefined {
    if (ended?.isBroken === true) throw ended.reason;
    if (isClosed) return { done: true, value: undefined };
    const bytes = waiting.shift();
    if (bytes !== undefined) {
      if (++taken % CREDIT_LOT === 0) line.say(op.credit, undefined, CREDIT_LOT);
      return { done: false, value: decode(bytes) };
    }
    return ended === undefined ? undefined : { done: true, value: undefined };
  }

  function settle(): void {
    const asked = waiter;
    if (asked === undefined) return;
    try {
      const next = take();
      if (next === undefined) return;
      waiter = undefined;
      asked.resolve(next);
    } catch (reason) {
      waiter = undefined;
      asked.reject(reason);
    }
  }

  const messages: AsyncIterableIterator<Message, undefined> = {
    [Symbol.asyncIterator]: () => messages,
    next() {
      if (waiter !== undefined) {
        const again = () => messages.next();
        return waiter.promise.then(again, again);
      }
      waiter = Promise.withResolvers();
      const { promise } = waiter;
      settle();
      return promise;
    },
    async return() {
      isClosed = true;
      waiting.length = 0;
      return { done: true, value: undefined };
    },
  };
  return {
    messages,
    push(bytes: Buffer): void {
      if (isClosed) return;
      waiting.push(bytes);
      settle();
    },
    end(reason?: { readonly reason: unknown }): void {
      ended ??= reason === undefined ? { isBroken: false } : { reason: reason.reason, isBroken: true };
      if (reason !== undefined && !ended.isBroken) ended = { reason: reason.reason, isBroken: true };
      settle();
    },
  };
}
