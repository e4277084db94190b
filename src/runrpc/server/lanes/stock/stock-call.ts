import { type ConnectError, createContextKey, type HandlerContext } from "@connectrpc/connect";
import type { UniversalServerResponse } from "@connectrpc/connect/protocol";
import type { Call } from "../../call/call.ts";

/** How the adapter's context leads to our call. */
export const callKey = createContextKey<StockCall | undefined>(undefined, {
  description: "the call of this request",
});

/** What the lane knows of a call beside the adapter. */
export interface StockCall {
  readonly call: Call;
  /** The adapter's own signal, which carries the error that it answered with on its own account. */
  adapter: AbortSignal | undefined;
  /** What the adapter has answered. */
  answered: UniversalServerResponse | undefined;
  lastBytes: Uint8Array;
  /** As the client sent it. */
  url: string;
  /** Why the query of a GET cannot be served; told when the gate has let the call in. */
  unreadable: ConnectError | undefined;
  /** Of the request, as the client sent it: the adapter is told other ones. */
  header: Headers;
}

/** The call of a context that the adapter made. */
export function stockCallOf(context: HandlerContext): StockCall {
  const stock = context.values.get(callKey);
  if (stock === undefined) throw new Error("a call came past the lane");
  return stock;
}
