import { Code } from "@connectrpc/connect";
import { codeName } from "../errors.ts";
import type { Protocol } from "./record.ts";

// What OpenTelemetry calls a call and its outcome, in semantic conventions 1.45: https://opentelemetry.io/docs/specs/semconv/rpc/

/** `rpc.system.name`: gRPC-Web is gRPC there. */
export type RpcSystem = "grpc" | "connectrpc";

/** `rpc.method` of all methods that nobody serves: what strangers ask for is no name of ours. */
export const OTHER_METHOD = "_OTHER";

export function systemOf(protocol: Protocol): RpcSystem {
  return protocol === "connect" ? "connectrpc" : "grpc";
}

/** `rpc.status_code` as the protocol spells it: `NOT_FOUND` in gRPC, `not_found` in Connect. 0 is success. */
export function statusOf(system: RpcSystem, code: number): string {
  if (system === "connectrpc") return code === 0 ? "ok" : codeName(code);
  if (code === Code.Canceled) return "CANCELLED";
  return code === 0 ? "OK" : codeName(code).toUpperCase();
}

/** Whether a code is the server's own fault, which has an `error.type`; others are what a client may expect. */
export function isServerFault(code: number): boolean {
  return SERVER_FAULTS.has(code);
}

const SERVER_FAULTS: ReadonlySet<number> = new Set([
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.Unimplemented,
  Code.Internal,
  Code.Unavailable,
  Code.DataLoss,
]);
