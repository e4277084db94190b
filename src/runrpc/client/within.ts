import type { CallOptions, HandlerContext } from "@connectrpc/connect";

/**
 * The options of a call that a handler makes for its own caller: it ends when the handler's call is cancelled, and has
 * what is left of its deadline.
 *
 *     const { user } = await users.getUser({ id }, within(context));
 */
export function within(context: Pick<HandlerContext, "signal" | "timeoutMs">): CallOptions {
  const timeoutMs = context.timeoutMs();
  // A transport takes 0 for "no deadline", and a call without time left must not get that.
  return {
    signal: context.signal,
    ...(timeoutMs === undefined ? {} : { timeoutMs: Math.max(1, Math.floor(timeoutMs)) }),
  };
}
