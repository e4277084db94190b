import { callUnary } from "./unary.ts";
import type { CallError } from "./wire.ts";

/** What the page's own server refuses it. */
export class CallFailure extends Error {
  readonly error: CallError;

  constructor(error: CallError) {
    super(error.message);
    this.error = error;
  }
}

/** The service that the page asks, of the server that it came from. */
export const PAGE_SERVICE = "runrpc.web.v1.PageService";

/**
 * Asks the page's own service.
 *
 * @throws CallFailure
 */
export async function callPage<T>(method: string, request: object, key?: string): Promise<T> {
  const settings = { headers: [], timeoutMs: undefined };
  const path = `${PAGE_SERVICE}/${method}`;
  let answer = "";
  for await (const event of callUnary(
    path,
    key,
    JSON.stringify(request),
    settings,
    new AbortController().signal,
  )) {
    if (event.kind === "message") answer = event.text;
    if (event.kind === "end" && event.error !== undefined) throw new CallFailure(event.error);
  }
  return JSON.parse(answer) as T; // of the server's own version
}
