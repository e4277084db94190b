import { keyInterceptor } from "./key.ts";
import type { ClientOptions, TransportOptions } from "./options.ts";
import { retryInterceptor } from "./retry.ts";
import { timeoutHeader } from "./timeout-header.ts";

/** The deadline of a call that names none, in milliseconds: that of a server of ours. */
const DEFAULT_DEADLINE_MS = 60_000;

/**
 * What the options come to as Connect's transports take them.
 *
 * @throws Error for an address that is no URL, and for a deadline out of range.
 */
export function transportOptions(url: string, options: ClientOptions): TransportOptions {
  const { key, deadlineMs = DEFAULT_DEADLINE_MS, retry = {}, interceptors = [] } = options;
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
