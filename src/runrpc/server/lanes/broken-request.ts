import type { IncomingMessage } from "node:http";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Call } from "../call/call.ts";
import { refusalOfBroken } from "../listener/http1-answers.ts";

/**
 * What the client was told by the listener, which could not read the body of its request, such as a chunk without a length;
 * undefined when it is not that which ended the call.
 */
export function brokenRequest(request: IncomingMessage): ConnectError | undefined {
  const refusal = refusalOfBroken(request);
  return refusal === undefined ? undefined : new ConnectError(refusal.text, Code.InvalidArgument);
}

/** Ends a call whose request is broken with what its client was told. To be called when the connection is gone. */
export function cancelBroken(call: Call, request: IncomingMessage): void {
  if (call.settled) return;
  const reason = brokenRequest(request);
  if (reason !== undefined) call.cancel("client", reason);
}
