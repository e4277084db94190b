import type { IncomingHttpHeaders } from "node:http";
import type { Protocol } from "../call/record.ts";

/**
 * Tells the protocol of a request from its content type, as `plainContentType` gives it. Everything that is not gRPC is
 * Connect's: a GET has no content type at all. Sources: the gRPC-over-HTTP/2, gRPC-Web and Connect protocol pages.
 */
export function protocolOf(contentType: string | undefined): Protocol {
  if (contentType === undefined || !contentType.startsWith("application/grpc")) return "connect";
  return contentType.startsWith("-web", "application/grpc".length) ? "grpc-web" : "grpc";
}

/** The version of Connect's protocol that is spoken: `connect-protocol-version`, and `connect=v1` in the query of a GET. */
export const CONNECT_VERSION = "1";

/** What is wrong with the version of the protocol that a request is said to be written in; undefined: nothing, or it does not say. */
export function versionFault(headers: IncomingHttpHeaders, protocol: Protocol): string | undefined {
  if (protocol !== "connect") return undefined;
  const version = headers["connect-protocol-version"];
  if (version === undefined || version === "" || version === CONNECT_VERSION) return undefined;
  return `connect-protocol-version is ${quoted(version)}; ${JSON.stringify(CONNECT_VERSION)} is spoken here`;
}

/** setTimeout counts in a signed 32-bit integer; a longer time fires at once. About 24.8 days. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * The timeout that a client asks for, in milliseconds: `connect-timeout-ms` (at most 10 digits) or
 * `grpc-timeout` (at most 8 digits and a unit). `undefined` when there is none, `NaN` when it is malformed.
 */
export function timeoutOf(headers: IncomingHttpHeaders, protocol: Protocol): number | undefined {
  const text = headers[protocol === "connect" ? "connect-timeout-ms" : "grpc-timeout"];
  if (text === undefined) return undefined;
  if (typeof text !== "string") return Number.NaN;
  if (protocol === "connect")
    return /^\d{1,10}$/.test(text) ? Math.min(Number(text), MAX_TIMEOUT_MS) : Number.NaN;
  const unit = UNIT_MS[text.charAt(text.length - 1)];
  const digits = text.slice(0, -1);
  if (unit === undefined || !/^\d{1,8}$/.test(digits)) return Number.NaN;
  return Math.min(Number(digits) * unit, MAX_TIMEOUT_MS);
}

/** What is wrong with a timeout for which `timeoutOf` gives NaN. */
export function timeoutFault(headers: IncomingHttpHeaders, protocol: Protocol): string {
  const name = protocol === "connect" ? "connect-timeout-ms" : "grpc-timeout";
  const takes =
    protocol === "connect"
      ? "milliseconds, in 1 to 10 digits"
      : "1 to 8 digits and a unit: H, M, S, m, u or n";
  return `${name} is ${quoted(headers[name])}; it takes ${takes}`;
}

/** As much of a header as an error shows. */
function quoted(value: IncomingHttpHeaders[string]): string {
  return JSON.stringify(String(value).slice(0, 50));
}

/**
 * The time that a call gets, in milliseconds: what the client asks for, else the method's default, never more
 * than the method's greatest. `undefined`: as long as it takes.
 */
export function deadlineFor(
  asked: number | undefined,
  policy: { readonly defaultDeadlineMs: number; readonly maxDeadlineMs: number },
): number | undefined {
  const wanted = asked ?? (policy.defaultDeadlineMs > 0 ? policy.defaultDeadlineMs : undefined);
  if (wanted === undefined || policy.maxDeadlineMs === 0) return wanted;
  return Math.min(wanted, policy.maxDeadlineMs);
}
