import { callUnary } from "./unary.ts";
import type { CallError } from "./wire.ts";

/** What the server refuses the page. */
export class CallFailure extends Error {
  readonly error: CallError;

  constructor(error: CallError) {
    super(error.message);
    this.error = error;
  }
}

/**
 * Asks a method that takes one request and gives one answer.
 *
 * @param method such as `runrpc.monitor.v1.MonitorService/ListKeys`
 * @throws CallFailure
 */
export async function ask<T>(method: string, request: object, key: string | undefined): Promise<T> {
  const settings = { headers: [], timeoutMs: undefined };
  const { signal } = new AbortController();
  let answer = "";
  for await (const event of callUnary(method, key, JSON.stringify(request), settings, signal)) {
    if (event.kind === "message") answer = event.text;
    if (event.kind === "end" && event.error !== undefined) throw new CallFailure(event.error);
  }
  return JSON.parse(answer) as T; // of the server's own version
}
