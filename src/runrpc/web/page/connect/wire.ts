import type { Json } from "../schema.ts";
import type { CallSettings, Metadata } from "./call-settings.ts";

/** An error as Connect's JSON has it. */
export interface CallError {
  /** Such as `not_found`. */
  readonly code: string;
  readonly message: string;
  readonly details: readonly ErrorDetail[];
}

export interface ErrorDetail {
  /** Such as `google.rpc.BadRequest`. */
  readonly type: string;
  /** Base64. */
  readonly value: string;
  /** The same as JSON, where the server knows the type. */
  readonly debug?: Json;
}

/** What comes of a call, and what the server tells of it, in order. After `end` nothing follows. */
export type CallEvent = WireEvent | ServerEvent;

/** What comes of a call. */
export type WireEvent =
  | { readonly kind: "headers"; readonly headers: Metadata }
  | { readonly kind: "message"; readonly text: string }
  | { readonly kind: "end"; readonly trailers: Metadata; readonly error: CallError | undefined };

/** What happened in the server, where a stream of requests is followed. It comes before what it brings about. */
export interface ServerEvent {
  readonly kind: "server";
  /** Since the call began, by the server's clock. */
  readonly atMs: number;
  /** Undefined: the handler gave a response. */
  readonly step: Step | undefined;
}

/** As OpenStream tells it. */
export interface Step {
  readonly kind: "KIND_ADMITTED" | "KIND_TAKEN" | "KIND_QUERIED" | "KIND_DONE";
  readonly number?: number;
  readonly waitedMs?: number;
  readonly ranMs?: number;
  readonly query?: string;
  readonly failed?: boolean;
  readonly leftOut?: number;
}

/** The headers of a request: those of the protocol, the key, and what the person adds, which wins. */
export function requestHeaders(
  contentType: string,
  key: string | undefined,
  { headers, timeoutMs, follow }: CallSettings,
): Headers {
  const all = new Headers({ "content-type": contentType, "connect-protocol-version": "1" });
  if (key !== undefined) all.set("x-api-key", key);
  if (timeoutMs !== undefined) all.set("connect-timeout-ms", String(timeoutMs));
  if (follow !== undefined) all.set("x-runrpc-follow", follow);
  for (const [name, value] of headers) all.set(name, value);
  return all;
}

/** Sends a request to a method of this server. */
export function post(
  method: string,
  headers: Headers,
  body: BodyInit,
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(new URL(`../${method}`, document.baseURI), {
    method: "POST",
    headers,
    body,
    signal: signal ?? null,
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
  });
}

export function errorFrom(json: unknown): CallError {
  const { code = "unknown", message = "", details = [] } = (json ?? {}) as Partial<CallError>; // Connect's own
  return { code, message, details };
}

/** What became of a request that has no answer of Connect's: it was cancelled here, or did not arrive. */
export function errorOfFetch(reason: unknown): CallError {
  if (reason instanceof DOMException && reason.name === "AbortError")
    return { code: "canceled", message: "cancelled here", details: [] };
  const message = reason instanceof Error ? reason.message : String(reason);
  return { code: "unavailable", message: `the server cannot be reached: ${message}`, details: [] };
}
