import type { Interceptor } from "@connectrpc/connect";

/** Digits that a value of `grpc-timeout` may have (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
const MAX_GRPC_DIGITS = 8;

/**
 * Writes the timeout of each attempt as its protocol wants it. Connect's transports write any number of milliseconds into
 * the header: above 27 hours gRPC has no room for them, and a fraction is none of either protocol's.
 */
export const timeoutHeader: Interceptor = (next) => (request) => {
  const timeoutMs = readTimeoutMs(request.header);
  if (timeoutMs !== undefined) writeTimeoutMs(request.header, timeoutMs);
  return next(request);
};

/** The timeout that Connect's transports wrote, in milliseconds; undefined where there is none. */
export function readTimeoutMs(header: Headers): number | undefined {
  const text = header.get("connect-timeout-ms") ?? header.get("grpc-timeout");
  if (text === null) return undefined;
  const timeoutMs = Number(text.replace(/[mS]$/, "")) * (text.endsWith("S") ? 1000 : 1);
  return Number.isFinite(timeoutMs) ? timeoutMs : undefined;
}

/** Writes it into the header that is there: whole milliseconds, at least one, as 0 is taken for none. */
export function writeTimeoutMs(header: Headers, timeoutMs: number): void {
  const wholeMs = Math.max(1, Math.floor(timeoutMs));
  if (header.has("connect-timeout-ms")) header.set("connect-timeout-ms", String(wholeMs));
  else if (String(wholeMs).length <= MAX_GRPC_DIGITS) header.set("grpc-timeout", `${wholeMs}m`);
  else header.set("grpc-timeout", `${Math.floor(wholeMs / 1000)}S`);
}
