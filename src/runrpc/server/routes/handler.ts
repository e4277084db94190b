import type { DescMethod, Message } from "@bufbuild/protobuf";
import type { HandlerContext, Interceptor } from "@connectrpc/connect";
import type { BytesHandler } from "./bytes-handler.ts";
import { interceptStream, interceptUnary } from "./interceptors.ts";
import { mapped } from "./iterator.ts";
import { isThenable } from "./thenable.ts";
import { type Admit, createAdmission, createWhole, type Whole } from "./whole-message.ts";

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
   * initialisers, which `whole` makes messages of. It spares a promise for each message.
   */
  readonly start: Start;
  readonly whole: Whole;
  /** The look that `whole` begins with, for whoever writes initialisers as they are. */
  readonly admit: Admit;
  /** Undefined where the implementation takes messages alone, and where interceptors may change them. */
  readonly bytes: BytesForm | undefined;
};

type Start = (input: Message | AsyncIterable<Message>, context: HandlerContext) => unknown;

/** Holds a request message against rules. It throws when they are broken. */
export type Check = (input: Message) => void;

/** Is told of each request before it is checked. It must not throw. */
export type Keep = (input: Message, context: HandlerContext) => void;

/** How a method is called by whoever has bytes. */
export interface BytesForm {
  readonly start: BytesHandler;
  /** Holds requests, decoded, against the rules of their schema; undefined where there are none. */
  readonly check: Check | undefined;
}

/** How a handler is made. */
export interface HandlerOptions {
  /** The first is the outermost. Default: none. */
  readonly interceptors?: readonly Interceptor[];
  /** Default: none. */
  readonly check?: Check | undefined;
  /** An answer with a field that its message does not have fails its call. Default: false. */
  readonly strictAnswers?: boolean;
  /** The implementation in bytes, which nobody can be told of the requests of. Default: it has none. */
  readonly bytes?: BytesHandler | undefined;
  /** Default: nobody is told. */
  readonly keep?: Keep | undefined;
}

/**
 * Puts interceptors around the implementation of a method, and the check of its requests around these. Where there are
 * none the implementation is called directly, and nothing is built for a chain that is not there.
 */
export function createHandler(
  method: DescMethod,
  implementation: (...args: never[]) => unknown,
  { interceptors = [], check, strictAnswers = false, bytes, keep }: HandlerOptions = {},
): Handler {
  const admit = createAdmission(method.output, strictAnswers);
  // The implementation of a method with its types erased: `defineService` has checked them.
  const start = implementation as Start;
  if (interceptors.length === 0) {
    const form = keep === undefined ? bytes && { start: bytes, check } : undefined;
    return handlerFrom(method, looked(method, start, check, keep), admit, form);
  }
  const run = intercepted(handlerFrom(method, start, admit), method, interceptors) as Start;
  return handlerFrom(method, looked(method, run, check, keep), admit);
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

/** Has requests kept and checked before anybody else sees them. */
function looked(method: DescMethod, start: Start, check: Check | undefined, keep: Keep | undefined): Start {
  const checked = check === undefined ? start : passing(method, start, (input) => check(input));
  return keep === undefined ? checked : passing(method, checked, keep);
}

function passing({ methodKind }: DescMethod, start: Start, look: Keep): Start {
  const pass = (input: Message, context: HandlerContext): Message => {
    look(input, context);
    return input;
  };
  return (input, context) =>
    methodKind === "unary" || methodKind === "server_streaming"
      ? start(pass(input as Message, context), context) // a method of these kinds is given its one message
      : start(
          mapped(input as AsyncIterable<Message>, (message) => pass(message, context)),
          context,
        );
}

function handlerFrom(
  { methodKind: kind, output }: DescMethod,
  start: Start,
  admit: Admit,
  bytes?: BytesForm,
): Handler {
  const whole = createWhole(output, admit);
  const message = (input: Message | AsyncIterable<Message>, context: HandlerContext) => {
    const result = start(input, context);
    return isThenable(result) ? Promise.resolve(result).then(whole) : whole(result);
  };
  const messages = (input: Message | AsyncIterable<Message>, context: HandlerContext) =>
    // ServiceImpl has a streaming implementation return an AsyncIterable.
    mapped(start(input, context) as AsyncIterable<unknown>, whole);
  switch (kind) {
    case "unary":
    case "client_streaming":
      return { kind, run: message, start, whole, admit, bytes };
    case "server_streaming":
    case "bidi_streaming":
      return { kind, run: messages, start, whole, admit, bytes };
  }
}

async function* one<T>(value: T): AsyncGenerator<T> {
  yield value;
}

/** The one message of a stream that interceptors made, which may be endless by their fault. */
async function only<T>(source: AsyncIterable<T>): Promise<T> {
  let found: { readonly value: T } | undefined;
  for await (const value of source) {
    if (found !== undefined) throw new Error("an interceptor gave a second message where there is one");
    found = { value };
  }
  if (found === undefined) throw new Error("an interceptor ended the stream without its message");
  return found.value;
}
