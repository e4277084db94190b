import type { EndedCall } from "../record/ended-call.ts";
import type { CallFilter } from "./search.ts";

/** Whether a call is looked for: what `ListCalls` finds in the table, of one that is not there yet. */
export function matches(call: EndedCall, filter: CallFilter): boolean {
  const { method, codes, keyId, requestId, startTime, endTime, minDurationMs = 0 } = filter;
  const startMs = Date.parse(call.startTime ?? "");
  return (
    (method === undefined || call.method === method || call.method.startsWith(`${method}/`)) &&
    (codes === undefined || codes.includes(call.code) || (codes.includes("error") && call.code !== "ok")) &&
    (keyId === undefined || call.keyId === keyId) &&
    (requestId === undefined || call.requestId === requestId) &&
    (startTime === undefined || startMs >= Date.parse(startTime)) &&
    (endTime === undefined || startMs < Date.parse(endTime)) &&
    (call.durationMs ?? 0) >= minDurationMs
  );
}
