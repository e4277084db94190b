// `runrpc/client`: a typed client on Node. Bundlers for browsers take client.browser.ts in its place.
import type { DescService } from "@bufbuild/protobuf";
import { type Client, createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  Http2SessionManager,
} from "@connectrpc/connect-node";
import { unavailableForCertificate } from "./client/certificate-fault.ts";
import type { ClientOptions } from "./client/options.ts";
import { transportOptions, withUnaryDeadline } from "./client/transport-options.ts";

export type { ClientOptions } from "./client/options.ts";
export type { RetryOptions } from "./client/retry.ts";
export { within } from "./client/within.ts";

/** PEM texts, as `tls.connect` takes them. */
export interface ClientTls {
  /** The authorities that the server's certificate is held against. Default: those that Node knows. */
  readonly ca?: string | undefined;
  /** The client's own certificate and private key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

/** A client that holds a connection. It is closed by `using`, or after 15 minutes without a call. */
export type ConnectedClient<S extends DescService> = Client<S> & Disposable;

/**
 * Makes a client of a service: every method of it as a typed function, over one HTTP/2 connection that is opened by the
 * first call and again whenever it was lost.
 *
 *     using users = connect("http://localhost:50051", UserService, { key });
 *     const { user } = await users.getUser({ id });
 *
 * @throws Error for an address that is no URL, for an option that there is not, and for one out of range.
 */
export function connect<S extends DescService>(
  url: string,
  service: S,
  options: ClientOptions & { readonly tls?: ClientTls | undefined } = {},
): ConnectedClient<S> {
  const checked = transportOptions(url, options, ["tls"]);
  checked.interceptors.push(unavailableForCertificate);
  const sessionManager = new Http2SessionManager(url, undefined, { ...options.tls });
  const transport = transportFor(options.protocol, { ...checked, sessionManager });
  const client = createClient(service, withUnaryDeadline(transport, options));
  return Object.assign(client, { [Symbol.dispose]: () => sessionManager.abort() });
}

function transportFor(
  protocol: ClientOptions["protocol"] = "grpc",
  options: ReturnType<typeof transportOptions> & { readonly sessionManager: Http2SessionManager },
) {
  switch (protocol) {
    case "grpc":
      return createGrpcTransport(options);
    case "grpc-web":
      return createGrpcWebTransport({ ...options, httpVersion: "2" });
    case "connect":
      return createConnectTransport({ ...options, httpVersion: "2" });
    default:
      throw new Error(`protocol ${protocol} is none of grpc, grpc-web and connect`);
  }
}
