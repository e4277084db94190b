import type { IncomingHttpHeaders } from "node:http";
import type { ConnectError, HandlerContext } from "@connectrpc/connect";
import type { Principal } from "./auth/principal.ts";

/**
 * What a lane knows of a call before `Headers`, a URL and a signal are made of it, for whoever hands the call on: these cost
 * more than a small call does.
 */
export interface CallFacts {
  readonly requestId: string;
  readonly headers: IncomingHttpHeaders;
  readonly scheme: "http" | "https";
  /** The path with its query, as the client sent it. */
  readonly target: string;
  readonly principal: Principal | undefined;
  /** Runs once when the call is cancelled: at once if it was already. Returns a function that takes it back. */
  onCancel(listener: (reason: ConnectError) => void): () => void;
}

/** Where the context of a lane has them. */
export const factsKey = Symbol("runrpc.callFacts");

/** Undefined where interceptors may have changed what the handler sees, and on a lane that has no use for them. */
export function factsOf(context: HandlerContext): CallFacts | undefined {
  return (context as { readonly [factsKey]?: CallFacts })[factsKey];
}
