import type { Interceptor } from "@connectrpc/connect";
import type { RetryOptions } from "./retry.ts";

/** How a client calls. */
export interface ClientOptions {
  /** The API key, sent as `x-api-key`; a function is asked before each call, so that a rotated key is taken up. Default: none. */
  readonly key?: string | (() => string | Promise<string>) | undefined;
  /**
   * The deadline of a call that names none with `timeoutMs`, in milliseconds. 0: none. Default 60,000 for unary calls, and none
   * for streams, which a server of ours lets go on.
   */
  readonly deadlineMs?: number | undefined;
  /** How calls are made again that may be; `false`: never. Default: up to four attempts, see {@link RetryOptions}. */
  readonly retry?: RetryOptions | false | undefined;
  /** Default: `grpc` on Node, `connect` in a browser, which cannot speak the other. */
  readonly protocol?: "grpc" | "grpc-web" | "connect" | undefined;
  /** Run around each call, the first outermost, outside of what the options above do. Default: none. */
  readonly interceptors?: readonly Interceptor[] | undefined;
}

/** The options of every transport of Connect's. */
export interface TransportOptions {
  readonly baseUrl: string;
  readonly interceptors: Interceptor[];
  readonly defaultTimeoutMs?: number;
}
