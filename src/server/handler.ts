import { create, type DescMessage, type DescMethod, isMessage, type Message } from "@bufbuild/protobuf";
import type { HandlerContext, Interceptor } from "@connectrpc/connect";
import { interceptStream, interceptUnary } from "./interceptors.ts";

/** A handler behind its interceptors, by RPC kind. What `run` gives are whole messages, never initialisers. */
export type Handler = (
  | {
      readonly kind: "unary";
      readonly run: (input: Message, context: HandlerContext) => Message | Promise<Message>;
    }
  | {
      readonly kind: "client_streaming";
      readonly run: (input: AsyncIterable<Message>, context: HandlerContext) => Message | Promise<Message>;
    }
  | {
      readonly kind: "server_streaming";
      readonly run: (input: Message, context: HandlerContext) => AsyncIterable<Message>;
    }
  | {
      readonly kind: "bidi_streaming";
      readonly run: (input: AsyncIterable<Message>, context: HandlerContext) => AsyncIterable<Message>;
    }
) & {
  /**
   * The same, with what the implementation gives untouched: a value, a promise, or an async iterable, of messages or
   * initialisers, which `normalize` makes whole. It spares a promise for each message.
   */
  readonly start: Start;
};

type Start = (input: Message | AsyncIterable<Message>, context: HandlerContext) => unknown;

/** Holds a request message against rules. It throws when they are broken. */
export type Check = (input: Message) => void;

/**
 * Puts interceptors around the implementation of a method, and the check of its requests around these. Where there are
 * none the implementation is called directly, and nothing is built for a chain that is not there.
 */
export function createHandler(
  method: DescMethod,
  implementation: (...args: never[]) => unknown,
  interceptors: readonly Interceptor[],
  check?: Check,
): Handler {
  // The implementation of a method with its types erased: `defineService` has checked them.
  const start = implementation as Start;
  if (interceptors.length === 0)
    return handlerFrom(method, check === undefined ? start : checked(method, start, check));
  const run = intercepted(handlerFrom(method, start), method, interceptors) as Start;
  return handlerFrom(method, check === undefined ? run : checked(method, run, check));
}

/** A message as it is, or one made of an initialiser. */
export function normalize(desc: DescMessage, value: unknown): Message {
  return isMessage(value, desc) ? value : create(desc, value as Record<string, unknown>);
}

function intercepted(plain: Handler, method: DescMethod, interceptors: readonly Interceptor[]): unknown {
  const { kind } = plain;
  switch (kind) {
    case "unary":
      return (input: Message, context: HandlerContext) =>
        interceptUnary(method, interceptors, input, context, plain.run);
    case "server_streaming":
      return (input: Message, context: HandlerContext) =>
        interceptStream(method, interceptors, one(input), context, async function* (inputs, inner) {
          yield* plain.run(await only(inputs), inner);
        });
    case "client_streaming":
      return (inputs: AsyncIterable<Message>, context: HandlerContext) =>
        only(
          interceptStream(method, interceptors, inputs, context, async function* (input, inner) {
            yield await plain.run(input, inner);
          }),
        );
    case "bidi_streaming":
      return (inputs: AsyncIterable<Message>, context: HandlerContext) =>
        interceptStream(method, interceptors, inputs, context, plain.run);
  }
}

function checked({ methodKind }: DescMethod, start: Start, check: Check): Start {
  const pass = (input: Message): Message => {
    check(input);
    return input;
  };
  return (input, context) =>
    methodKind === "unary" || methodKind === "server_streaming"
      ? start(pass(input as Message), context) // a method of these kinds is given its one message
      : start(mapped(input as AsyncIterable<Message>, pass), context);
}

function handlerFrom({ methodKind: kind, output }: DescMethod, start: Start): Handler {
  const whole = (value: unknown): Message => normalize(output, value);
  const message = (input: Message | AsyncIterable<Message>, context: HandlerContext) => {
    const result = start(input, context);
    return result instanceof Promise ? result.then(whole) : whole(result);
  };
  const messages = (input: Message | AsyncIterable<Message>, context: HandlerContext) =>
    // ServiceImpl has a streaming implementation return an AsyncIterable.
    mapped(start(input, context) as AsyncIterable<unknown>, whole);
  switch (kind) {
    case "unary":
    case "client_streaming":
      return { kind, run: message, start };
    case "server_streaming":
    case "bidi_streaming":
      return { kind, run: messages, start };
  }
}

/** `source` with each value passed through `change`; ending it ends the source. */
function mapped<A, B>(source: AsyncIterable<A>, change: (value: A) => B): AsyncIterable<B> {
  return {
    [Symbol.asyncIterator]() {
      const iterator = source[Symbol.asyncIterator]();
      const step = (result: IteratorResult<A>): IteratorResult<B> =>
        result.done === true ? result : { done: false, value: change(result.value) };
      return {
        next: () => iterator.next().then(step),
        return: async () => {
          await iterator.return?.();
          return { done: true, value: undefined };
        },
      };
    },
  };
}

async function* one<T>(value: T): AsyncGenerator<T> {
  yield value;
}

async function only<T>(source: AsyncIterable<T>): Promise<T> {
  let found: { readonly value: T } | undefined;
  for await (const value of source) found ??= { value };
  if (found === undefined) throw new Error("an interceptor ended the stream without its message");
  return found.value;
}
