import type { DescMethod } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { ServiceDefinition } from "../server/routes/service.ts";
import { isThenable } from "../server/routes/thenable.ts";

/** What hears of each time that the code of a handler runs. */
export interface HandlerFollower {
  /** A handler begins, in the call at hand. */
  started(handler: (...args: never[]) => unknown): void;
  /** It gave the iterator of a stream. */
  streams(iterator: object): void;
  /** A piece of it has run for `tookMs` without a pause, in the call at hand. */
  ran(tookMs: number): void;
}

/**
 * The same service, each of whose handlers is followed. What a handler gives is given on, by a promise or an iterator of
 * ours, so that the code which runs after it is still a part of its call.
 */
export function followHandlers(definition: ServiceDefinition, follower: HandlerFollower): ServiceDefinition {
  // Messages are what is followed: in bytes the same methods are not called.
  const { bytes: _, ...rest } = definition;
  const { service, implementation } = rest;
  const followed = service.methods.flatMap((method) => {
    const handler = implementation[method.localName];
    // What is missing, or none, is the routes' to refuse.
    return typeof handler === "function"
      ? [[method.localName, follow(method, handler.bind(implementation), handler, follower)] as const]
      : [];
  });
  // What a plain object has besides is looked at by name; a class and a module may have more functions.
  const isPlain = Object.getPrototypeOf(implementation) === Object.prototype;
  const methods = isPlain ? { ...implementation } : Object.create(implementation);
  for (const [name, value] of followed) Object.defineProperty(methods, name, { value, enumerable: true });
  return { ...rest, implementation: methods };
}

type Bound = (input: never, context: HandlerContext) => unknown;

function follow(
  { methodKind }: DescMethod,
  bound: (...args: never[]) => unknown,
  handler: (...args: never[]) => unknown,
  follower: HandlerFollower,
): Bound {
  const run = bound as Bound;
  const isStream = methodKind === "server_streaming" || methodKind === "bidi_streaming";
  return (input, context) => {
    follower.started(handler);
    const result = timed(follower, () => run(input, context));
    if (isStream) return followedIterable(result, follower);
    return isThenable(result) ? result.then(same, again) : result;
  };
}

/** Not `async`: what the lanes find wrong with an iterator is theirs to tell. */
function followedIterable(source: unknown, follower: HandlerFollower): unknown {
  const open = (source as Partial<AsyncIterable<unknown>> | null | undefined)?.[Symbol.asyncIterator];
  if (typeof open !== "function") return source;
  return {
    [Symbol.asyncIterator]() {
      const iterator: unknown = timed(follower, () => open.call(source as AsyncIterable<unknown>));
      if (typeof iterator !== "object" || iterator === null) return iterator;
      follower.streams(iterator);
      return followedIterator(iterator as AsyncIterator<unknown>, follower); // what it lacks is found out when it is asked
    },
  };
}

function followedIterator(iterator: AsyncIterator<unknown>, follower: HandlerFollower): object {
  const step = (method: "next" | "return") => () => {
    const result: unknown = timed(follower, () => iterator[method]?.());
    return isThenable(result) ? result.then(same, again) : result;
  };
  return {
    next: step("next"),
    ...(iterator.return === undefined || iterator.return === null ? {} : { return: step("return") }),
  };
}

function timed<T>(follower: HandlerFollower, run: () => T): T {
  const startedMs = performance.now();
  try {
    return run();
  } finally {
    follower.ran(performance.now() - startedMs);
  }
}

function same<T>(value: T): T {
  return value;
}

function again(reason: unknown): never {
  throw reason;
}
