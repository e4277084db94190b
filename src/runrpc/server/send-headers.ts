import { type ContextValues, createContextKey } from "@connectrpc/connect";

/** Where a lane that can send headers on their own leaves the function that does. */
export const sendHeadersKey = createContextKey<(() => void) | undefined>(undefined, {
  description: "sends the response headers",
});

/**
 * Sends the response headers of a stream without waiting for its first message, for clients that wait for them: an
 * event stream may have nothing to say for a long time. Headers that are set later are lost. By default they leave with
 * the first message, so that a handler may set them as late as that. On the stock lane, and on unary calls, it does nothing.
 */
export function sendHeaders(context: { readonly values: ContextValues }): void {
  context.values.get(sendHeadersKey)?.();
}
