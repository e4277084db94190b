import type { Metrics } from "../../../../gen/runrpc/config/v1/config_pb.ts";
import type { Authenticator } from "../auth/authenticate.ts";
import type { PlainRoutes } from "../http/answers.ts";
import type { ServerMetrics } from "../server-metrics.ts";
import { createMetricsPage } from "./metrics-page.ts";
import { type MetricsPort, openMetricsPort } from "./metrics-port.ts";

/** Where metrics are read: on the server's port, on one of their own, or nowhere. */
export interface MetricsDoor {
  /** The page on the server's port; undefined where it is not there. */
  readonly page: PlainRoutes | undefined;
  /** The address of their own, such as `127.0.0.1:9464`, once it is open. */
  readonly address: string | undefined;
  /** Opens the port of their own, if there is to be one. @throws Error whose message says what to change */
  open(): Promise<void>;
  close(): Promise<void>;
}

/** Makes the door that the settings ask for. Without `counter` there is none. */
export function createMetricsDoor(
  counter: ServerMetrics | undefined,
  { address, open }: Pick<Metrics, "address" | "open">,
  who: { readonly authenticator: Authenticator | undefined; readonly production: boolean },
): MetricsDoor {
  const isOnPort = address === "";
  const exposition = counter && (() => counter.exposition());
  let port: MetricsPort | undefined;
  return {
    page:
      exposition === undefined || !isOnPort
        ? undefined
        : createMetricsPage({ ...who, exposition, isOpen: open }),
    get address() {
      return port?.address;
    },
    async open() {
      if (exposition !== undefined && !isOnPort) port = await openMetricsPort(address, exposition);
    },
    async close() {
      await port?.close();
    },
  };
}
