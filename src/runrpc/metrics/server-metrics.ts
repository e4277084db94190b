import { Code } from "@connectrpc/connect";
import type { Call } from "../server/call/call.ts";
import { codeName } from "../server/errors.ts";
import type { ServerStats } from "../server/stats.ts";
import { type Exposition, labelsOf } from "./exposition.ts";

/** The calls that the gate, or HTTP itself, did not let in, by reason. */
export interface RefusedCalls {
  /** Takes a call that has ended and was not let in. */
  take(call: Call): void;
  /** How many by reason, such as `unauthenticated`. */
  counts(): Readonly<Record<string, number>>;
}

/** The reasons for which calls are refused before their handler; each has its series from the start. */
const REASONS = [
  Code.Unauthenticated,
  Code.PermissionDenied,
  Code.ResourceExhausted,
  Code.Unavailable,
  Code.InvalidArgument,
] as const;

/** Counts refused calls. */
export function createRefusedCalls(): RefusedCalls {
  const counts = new Map<string, number>(
    ["unknown_method", "unsupported_request", ...REASONS.map(codeName)].map((reason) => [reason, 0]),
  );
  return {
    take(call) {
      const reason = reasonOf(call);
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    },
    counts: () => Object.fromEntries(counts),
  };
}

function reasonOf({ head, error }: Call): string {
  if (head.route === undefined) return "unknown_method";
  const code = error?.code ?? Code.Unknown;
  return code === Code.Unimplemented ? "unsupported_request" : codeName(code);
}

/** Writes connections, refusals, and what the server knows of faults. */
export function writeServer(
  exposition: Exposition,
  { listener, calls, strays, findings }: ServerStats,
  refusedCalls: Readonly<Record<string, number>>,
): void {
  const { connections, http1, http2, refusedConnections, refusedRequests, resetStreams, acceptErrors } =
    listener;
  exposition.family("runrpc_connections", "gauge", "Open connections, by what they speak.");
  const undecided = Math.max(0, connections - http1 - http2);
  for (const [http, count] of Object.entries({ "1": http1, "2": http2, undecided }))
    exposition.sample(count, labelsOf({ http }));
  exposition.family(
    "runrpc_refusals_total",
    "counter",
    "Connections, requests and calls that were refused before any handler, by reason.",
  );
  const refusals = {
    connection_limit: refusedConnections,
    malformed_request: refusedRequests,
    ...refusedCalls,
  };
  for (const [reason, count] of Object.entries(refusals)) exposition.sample(count, labelsOf({ reason }));
  const counters = [
    [
      "runrpc_reset_streams_total",
      "HTTP/2 streams that their client reset before they were looked at.",
      resetStreams,
    ],
    ["runrpc_accept_errors_total", "Connections lost before they were accepted.", acceptErrors],
    [
      "runrpc_abandoned_handlers_total",
      "Handlers that went on after their call was cancelled.",
      calls.abandoned,
    ],
    ["runrpc_stray_errors_total", "Errors that nobody caught.", strays],
  ] as const;
  for (const [name, help, value] of counters) exposition.one(name, "counter", help, value);
  exposition.family("runrpc_debug_findings_total", "counter", "What debug mode has found, by kind.");
  for (const [kind, count] of Object.entries(findings)) exposition.sample(count, labelsOf({ kind }));
}
