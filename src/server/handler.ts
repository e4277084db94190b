import { create, type DescMethod, isMessage, type Message } from "@bufbuild/protobuf";
import type { HandlerContext, Interceptor } from "@connectrpc/connect";
import { interceptStream, interceptUnary } from "./interceptors.ts";

/** A handler behind its interceptors, by RPC kind. What it gives are whole messages, never initialisers. */
export type Handler =
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
    };

// The implementation of a method with its types erased: `defineService` has checked them.
type Implementation = (input: unknown, context: HandlerContext) => unknown;

/**
 * Puts interceptors around the implementation of a method. Where there are none the implementation is called
 * directly, and nothing is built for a chain that is not there.
 */
export function createHandler(
  method: DescMethod,
  implementation: (...args: never[]) => unknown,
  interceptors: readonly Interceptor[],
): Handler {
  const plain = plainHandler(method, implementation as Implementation);
  if (interceptors.length === 0) return plain;
  const { kind } = plain;
  switch (kind) {
    case "unary":
      return {
        kind,
        run: (input, context) => interceptUnary(method, interceptors, input, context, plain.run),
      };
    case "server_streaming":
      return {
        kind,
        run: (input, context) =>
          interceptStream(method, interceptors, one(input), context, async function* (inputs, inner) {
            yield* plain.run(await only(inputs), inner);
          }),
      };
    case "client_streaming":
      return {
        kind,
        run: (inputs, context) =>
          only(
            interceptStream(method, interceptors, inputs, context, async function* (input, inner) {
              yield await plain.run(input, inner);
            }),
          ),
      };
    case "bidi_streaming":
      return {
        kind,
        run: (inputs, context) => interceptStream(method, interceptors, inputs, context, plain.run),
      };
  }
}

function plainHandler(method: DescMethod, implementation: Implementation): Handler {
  const { methodKind: kind, output } = method;
  // A handler may give an initialiser where a message is wanted; a message passes untouched.
  const whole = (value: unknown): Message =>
    isMessage(value, output) ? value : create(output, value as Record<string, unknown>);
  const message = (input: unknown, context: HandlerContext): Message | Promise<Message> => {
    const result = implementation(input, context);
    return result instanceof Promise ? result.then(whole) : whole(result);
  };
  const messages = (input: unknown, context: HandlerContext): AsyncIterable<Message> =>
    // ServiceImpl has a streaming implementation return an AsyncIterable.
    mapped(implementation(input, context) as AsyncIterable<unknown>, whole);
  switch (kind) {
    case "unary":
    case "client_streaming":
      return { kind, run: message };
    case "server_streaming":
    case "bidi_streaming":
      return { kind, run: messages };
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
