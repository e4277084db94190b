import type { CallSettings, Metadata } from "./call-settings.ts";
import { type CallError, errorFrom, errorOfFetch, post, requestHeaders, type WireEvent } from "./wire.ts";

/** Makes a unary call with a request as JSON. */
export async function* callUnary(
  method: string,
  key: string | undefined,
  request: string,
  settings: CallSettings,
  signal: AbortSignal,
): AsyncGenerator<WireEvent> {
  let trailers: Metadata = [];
  try {
    const headers = requestHeaders("application/json", key, settings);
    const response = await post(method, headers, request, signal);
    const all = [...response.headers];
    trailers = all
      .filter(([name]) => name.startsWith("trailer-"))
      .map(([name, value]) => [name.slice("trailer-".length), value]);
    yield { kind: "headers", headers: all.filter(([name]) => !name.startsWith("trailer-")) };
    const text = await response.text();
    if (!response.ok) return yield { kind: "end", trailers, error: errorOf(response.status, text) };
    yield { kind: "message", text };
    yield { kind: "end", trailers, error: undefined };
  } catch (reason) {
    yield { kind: "end", trailers, error: errorOfFetch(reason) };
  }
}

/** What stands between may answer in words of its own, in place of Connect's JSON. */
export function errorOf(status: number, text: string): CallError {
  try {
    return errorFrom(JSON.parse(text));
  } catch {
    return { code: "unknown", message: `HTTP ${status}: ${text.slice(0, 1_000)}`, details: [] };
  }
}
