import type { Call } from "./call/call.ts";
import type { CallTrace } from "./call/call-trace.ts";

/**
 * Makes a span of each call: the server declares it and knows nothing of what it does. A server without it has no hook of it
 * on the way of a call.
 */
export interface ServerTracing {
  /** A call has begun. Undefined: it has no span, as making one failed. */
  begun(call: Call): CallTrace | undefined;
  /** The server has drained, or did not start. */
  close(): void;
}
