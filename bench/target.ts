import type { Target } from "./load/workloads.ts";
import type { Peer } from "./peers/start.ts";

/** A started server as the loads see it: one that wants a key gets a deadline with each call, too. */
export function targetOf({ port, key }: Peer, isEncrypted = false): Target {
  if (key === undefined) return { port, isEncrypted, grpcHeaders: [], jsonHeaders: [] };
  return {
    port,
    isEncrypted,
    grpcHeaders: [
      ["x-api-key", key],
      ["grpc-timeout", "10S"],
    ],
    jsonHeaders: [
      ["x-api-key", key],
      ["connect-timeout-ms", "10000"],
    ],
  };
}
