import { Code, ConnectError } from "@connectrpc/connect";
import { readGetQuery } from "../get-query.ts";

/** The target of a Connect GET. */
export interface GetTarget {
  /** The same request, spelt in the one way that the adapter reads without a loss: the message in base64. */
  readonly target: string;
  /** Why it cannot be served. The call still has to pass the gate first. */
  readonly error: ConnectError | undefined;
}

/**
 * Reads the query before the adapter does. connect-node 2.2.0 answers base64 that is none with an internal error, takes
 * the first of two parameters, a missing message for an empty one, and replaces bytes that are no UTF-8.
 */
export function spelledGetTarget(target: string, maxBytes: number): GetTarget {
  const [path = ""] = target.split("?", 1);
  try {
    const { encoding, compression, message } = readGetQuery(target, maxBytes);
    const named = compression === undefined ? "" : `&compression=${encodeURIComponent(compression)}`;
    const query = `connect=v1&encoding=${encoding}${named}&base64=1&message=${message.toString("base64url")}`;
    return { target: `${path}?${query}`, error: undefined };
  } catch (reason) {
    const error = ConnectError.from(reason, Code.InvalidArgument);
    return { target: `${path}?encoding=json&message=`, error };
  }
}
