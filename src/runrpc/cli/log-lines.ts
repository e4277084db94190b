import { toJsonString } from "@bufbuild/protobuf";
import { timestampDate } from "@bufbuild/protobuf/wkt";
import { type EndedCall, EndedCallSchema } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { printable } from "../printable.ts";

/** Which calls are shown; what is empty matches all. */
export interface LogFilter {
  /** `service/Method`, or a service alone. */
  readonly method: string;
  /** Any of these; `error` is every code but `ok`. */
  readonly codes: readonly string[];
  readonly keyId: string;
  readonly subject: string;
  readonly requestId: string;
  readonly since: Date | undefined;
  readonly minDurationMs: number;
}

/** Whether a call is one of those, as the server's own list has it. */
export function matches(call: EndedCall, filter: LogFilter): boolean {
  const { method, codes, keyId, subject, requestId, since, minDurationMs } = filter;
  const same = (wanted: string, value: string): boolean => wanted === "" || wanted === value;
  return (
    (same(method, call.method) || call.method.slice(0, call.method.lastIndexOf("/")) === method) &&
    (codes.length === 0 || codes.includes(call.code) || (codes.includes("error") && call.code !== "ok")) &&
    same(keyId, call.keyId) &&
    same(subject, call.subject) &&
    same(requestId, call.requestId) &&
    (since === undefined || call.startTime === undefined || timestampDate(call.startTime) >= since) &&
    call.durationMs >= minDurationMs
  );
}

/** One line of the log: as JSON, or for a person. */
export function callLine(call: EndedCall, isJson: boolean): string {
  if (isJson) return toJsonString(EndedCallSchema, call);
  const { method, code, durationMs, protocol, messagesIn, messagesOut, requestId, error, cancelledBy } = call;
  const { fault } = call;
  const time = call.startTime === undefined ? "" : timestampDate(call.startTime).toISOString();
  return [
    time,
    method,
    code,
    `${durationMs.toFixed(1)} ms`,
    protocol,
    `${messagesIn} in, ${messagesOut} out`,
    call.subject || call.peer,
    requestId,
    cancelledBy === "" ? "" : `cancelled by ${cancelledBy}`,
    error,
    fault === "" ? "" : `cannot be read: ${fault}`,
  ]
    .filter((part) => part !== "")
    .map(printable)
    .join("  ");
}
