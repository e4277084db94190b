import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type EndedCall, EndedCallSchema } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import type { ListedRequest } from "../platform/request-log/queries.ts";
import type { CallRecord } from "../server/call/record.ts";
import { type ColumnKind, readRow } from "../values/read-row.ts";

/** What a record and a row of the request log both say; a row says null for nothing. */
type Ended = Omit<
  CallRecord,
  | "startedAt"
  | "kind"
  | "protocol"
  | "httpVersion"
  | "subject"
  | "keyId"
  | "cancelledBy"
  | "request"
  | "traceId"
> & {
  readonly startedAt: Date | undefined;
} & {
  readonly [Name in "kind" | "protocol" | "httpVersion"]: string;
} & { readonly [Name in "subject" | "keyId" | "cancelledBy" | "traceId"]?: string | null | undefined };

/** A call that has ended, as clients are told of it. */
export function endedCallFromRecord(record: Ended): EndedCall {
  return endedCall(record, 0);
}

const KINDS = {
  id: "count",
  startedAt: "time",
  requestId: "text",
  service: "text",
  method: "text",
  kind: "text",
  protocol: "text",
  httpVersion: "text",
  code: "text",
  error: "text",
  durationMs: "number",
  messagesIn: "count",
  messagesOut: "count",
  bytesIn: "count",
  bytesOut: "count",
  peer: "text",
  subject: "text",
  keyId: "text",
  cancelledBy: "text",
  abandoned: "flag",
  traceId: "text",
} as const satisfies Record<keyof ListedRequest, ColumnKind>;

/** The same of a row of the request log. A column that cannot be read is left out, and named. */
export function endedCallFromRow(row: ListedRequest): EndedCall {
  const { good, fault } = readRow<ListedRequest>(row, KINDS);
  if (fault === undefined) return endedCall(row, row.id);
  const given = Object.entries(good).filter(([, value]) => value !== undefined);
  const whole: Ended = { ...NOTHING, ...Object.fromEntries(given) };
  return Object.assign(endedCall(whole, good.id ?? 0), { fault });
}

/** In place of what cannot be read. */
const NOTHING: Ended = {
  startedAt: undefined,
  requestId: "",
  service: "",
  method: "",
  kind: "",
  protocol: "",
  httpVersion: "",
  code: "",
  error: "",
  durationMs: 0,
  messagesIn: 0,
  messagesOut: 0,
  bytesIn: 0,
  bytesOut: 0,
  peer: "",
  abandoned: false,
};

function endedCall(ended: Ended, id: number): EndedCall {
  const { startedAt, requestId, durationMs, kind, protocol, httpVersion, code, error, peer, abandoned } =
    ended;
  return create(EndedCallSchema, {
    id: BigInt(id),
    requestId,
    ...(startedAt === undefined ? {} : { startTime: timestampFromDate(startedAt) }),
    durationMs,
    method: `${ended.service}/${ended.method}`,
    kind,
    protocol,
    httpVersion,
    code,
    error,
    messagesIn: BigInt(ended.messagesIn),
    messagesOut: BigInt(ended.messagesOut),
    bytesIn: BigInt(ended.bytesIn),
    bytesOut: BigInt(ended.bytesOut),
    peer,
    subject: ended.subject ?? "",
    keyId: ended.keyId ?? "",
    cancelledBy: ended.cancelledBy ?? "",
    abandoned,
    traceId: ended.traceId ?? "",
  });
}
