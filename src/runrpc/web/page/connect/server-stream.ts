import type { CallSettings, Metadata } from "./call-settings.ts";
import { envelope, readEnvelopes } from "./envelopes.ts";
import { errorOf } from "./unary.ts";
import { errorFrom, errorOfFetch, post, requestHeaders, type WireEvent } from "./wire.ts";

/** Makes a call with one request and a stream of responses. */
export async function* callServerStream(
  method: string,
  key: string | undefined,
  request: string,
  settings: CallSettings,
  signal: AbortSignal,
): AsyncGenerator<WireEvent> {
  try {
    const headers = requestHeaders("application/connect+json", key, settings);
    const response = await post(method, headers, envelope(request), signal);
    yield { kind: "headers", headers: [...response.headers] };
    if (!response.ok || response.body === null)
      return yield { kind: "end", trailers: [], error: errorOf(response.status, await response.text()) };
    for await (const { isEnd, text } of readEnvelopes(response.body)) {
      if (isEnd) return yield endFrom(text);
      yield { kind: "message", text };
    }
    const message = "the stream broke off before its end";
    yield { kind: "end", trailers: [], error: { code: "unavailable", message, details: [] } };
  } catch (reason) {
    yield { kind: "end", trailers: [], error: errorOfFetch(reason) };
  }
}

function endFrom(text: string): WireEvent {
  const { error, metadata = {} } = JSON.parse(text) as {
    readonly error?: unknown;
    readonly metadata?: Readonly<Record<string, readonly string[]>>;
  }; // Connect's end of a stream
  const trailers: Metadata = Object.entries(metadata).flatMap(([name, values]) =>
    values.map((value) => [name, value] as const),
  );
  return { kind: "end", trailers, error: error === undefined ? undefined : errorFrom(error) };
}
