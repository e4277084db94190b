import type { Transport } from "@connectrpc/connect";
import { checkOptionNames } from "../option-names.ts";
import { keyInterceptor } from "./key.ts";
import type { ClientOptions, TransportOptions } from "./options.ts";
import { retryInterceptor } from "./retry.ts";
import { timeoutHeader } from "./timeout-header.ts";

/** The deadline of a unary call that names none, in milliseconds: that of a server of ours. */
const UNARY_DEADLINE_MS = 60_000;

/** What every client takes; on Node there is `tls` besides. */
const CLIENT_OPTIONS = [
  "key",
  "deadlineMs",
  "retry",
  "protocol",
  "interceptors",
] as const satisfies readonly (keyof ClientOptions)[];

/**
 * What the options come to as Connect's transports take them.
 *
 * @param others that this client takes besides.
 * @throws Error for an address that is no URL, an option that there is not, and a deadline out of range.
 */
export function transportOptions(
  url: string,
  options: ClientOptions,
  others: readonly string[] = [],
): TransportOptions {
  checkOptionNames("connect", options, [...CLIENT_OPTIONS, ...others]);
  const { key, deadlineMs = 0, retry = {}, interceptors = [] } = options;
  if (!URL.canParse(url) || !/^https?:/.test(url)) {
    throw new Error(`${url.slice(0, 200)} is not the URL of a server, such as http://localhost:50051`);
  }
  if (!Number.isInteger(deadlineMs) || deadlineMs < 0 || deadlineMs > 2_147_483_647) {
    throw new Error(`deadlineMs ${deadlineMs} is not a whole number from 0 to 2147483647`);
  }
  return {
    baseUrl: url.replace(/\/+$/, ""),
    interceptors: [
      ...interceptors,
      ...(retry === false ? [] : [retryInterceptor(retry)]),
      ...(key === undefined ? [] : [keyInterceptor(key)]),
      timeoutHeader,
    ],
    ...(deadlineMs === 0 ? {} : { defaultTimeoutMs: deadlineMs }),
  };
}

/** Gives unary calls a deadline where neither the client nor the call names one. A stream may go on for ever. */
export function withUnaryDeadline(transport: Transport, { deadlineMs }: ClientOptions): Transport {
  if (deadlineMs !== undefined) return transport;
  return {
    unary: (method, signal, timeoutMs = UNARY_DEADLINE_MS, header, input, values) =>
      transport.unary(method, signal, timeoutMs, header, input, values),
    stream: (method, signal, timeoutMs, header, input, values) =>
      transport.stream(method, signal, timeoutMs, header, input, values),
  };
}
