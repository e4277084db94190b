import { create } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { type EndedCall, EndedCallSchema } from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import type { CallRecord } from "../server/call/record.ts";

/** What a record and a row of the request log both say; a row says null for nothing. */
type Ended = Omit<
  CallRecord,
  "kind" | "protocol" | "httpVersion" | "subject" | "keyId" | "cancelledBy" | "request" | "traceId"
> & {
  readonly [Name in "kind" | "protocol" | "httpVersion"]: string;
} & { readonly [Name in "subject" | "keyId" | "cancelledBy" | "traceId"]?: string | null | undefined };

/** A call that has ended, as clients are told of it. */
export function endedCallFromRecord(record: Ended): EndedCall {
  return endedCall(record, 0);
}

/** The same of a row of the request log. */
export function endedCallFromRow(row: Ended & { readonly id: number }): EndedCall {
  return endedCall(row, row.id);
}

function endedCall(ended: Ended, id: number): EndedCall {
  const { requestId, durationMs, kind, protocol, httpVersion, code, error, peer, abandoned } = ended;
  return create(EndedCallSchema, {
    id: BigInt(id),
    requestId,
    startTime: timestampFromDate(ended.startedAt),
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
