// `runrpc/client` in a browser, over fetch: unary methods and server streams.
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { fetchOrUnavailable } from "./client/fetch.ts";
import type { ClientOptions } from "./client/options.ts";
import { transportOptions, withUnaryDeadline } from "./client/transport-options.ts";

export type { ClientOptions } from "./client/options.ts";
export type { RetryOptions } from "./client/retry.ts";
export { within } from "./client/within.ts";

/**
 * Makes a client of a service: every method of it as a typed function.
 *
 * @throws Error for an address that is no URL, for an option that there is not or that is out of range, and for `grpc`, which no
 *   browser speaks.
 */
export function connect<S extends DescService>(
  url: string,
  service: S,
  options: ClientOptions = {},
): Client<S> & Disposable {
  const { protocol = "connect" } = options;
  if (protocol === "grpc") throw new Error("a browser cannot speak grpc: use connect or grpc-web");
  if (protocol !== "connect" && protocol !== "grpc-web")
    throw new Error(`protocol ${protocol} is neither connect nor grpc-web`);
  const make = protocol === "connect" ? createConnectTransport : createGrpcWebTransport;
  const transport = make({ ...transportOptions(url, options), fetch: fetchOrUnavailable });
  const client = createClient(service, withUnaryDeadline(transport, options));
  return Object.assign(client, { [Symbol.dispose]() {} });
}
