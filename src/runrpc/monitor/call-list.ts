import { create } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type GetCallRequest,
  GetCallResponseSchema,
  type ListCallsRequest,
  ListCallsResponseSchema,
} from "../../../gen/runrpc/monitor/v1/monitor_pb.ts";
import { pageTokenFromPosition, positionFromPageToken } from "../paging/page-token.ts";
import type { ListedRequest, RequestLogQueries } from "../platform/request-log/queries.ts";
import { dateFromTimestamp } from "../values/times.ts";
import { endedCallFromRow } from "./ended-call.ts";

const DEFAULT_PAGE_SIZE = 50;

/** Rows that are looked at for a page: some tens of milliseconds of a reader. */
const MAX_SCANNED = 50_000;

type Options = { readonly signal: AbortSignal };

/** Reads the request log: one page, the latest call first. */
export async function listCalls(queries: RequestLogQueries, request: ListCallsRequest, options: Options) {
  const [before] = positionFromPageToken("calls", request.pageToken, 1) ?? [];
  const { rows, next } = await queries.findRequests(
    {
      before,
      limit: request.pageSize || DEFAULT_PAGE_SIZE,
      maxScanned: MAX_SCANNED,
      ...methodFilter(request.method),
      codes: request.codes,
      keyId: orNone(request.keyId),
      subject: orNone(request.subject),
      requestId: orNone(request.requestId),
      from: dateOf("start_time", request.startTime),
      to: dateOf("end_time", request.endTime),
      minDurationMs: request.minDurationMs || undefined,
    },
    options,
  );
  return create(ListCallsResponseSchema, {
    calls: rows.sort(byEnd).map(endedCallFromRow),
    nextPageToken: next === undefined ? "" : pageTokenFromPosition("calls", [next]),
  });
}

/** Alike calls of a moment are written together: their rows are not in the order in which they ended. */
function byEnd(one: ListedRequest, other: ListedRequest): number {
  return endOf(other) - endOf(one) || other.id - one.id;
}

/** 0 of a row whose times cannot be read: it is listed last. */
function endOf({ startedAt, durationMs }: ListedRequest): number {
  return Number(startedAt) + Number(durationMs) || 0;
}

/** @throws ConnectError `not_found` */
export async function getCall(queries: RequestLogQueries, { id }: GetCallRequest, options: Options) {
  const number = Number(id);
  const row = Number.isSafeInteger(number) ? await queries.getRequest({ id: number }, options) : undefined;
  if (row === undefined) throw new ConnectError(`the request log has no call ${id}`, Code.NotFound);
  return create(GetCallResponseSchema, {
    call: endedCallFromRow(row),
    requestJson: row.request ?? "",
    requestNote: row.requestNote ?? "",
  });
}

/** `service/Method`, or a service alone. */
function methodFilter(text: string) {
  if (text === "") return {};
  const slash = text.lastIndexOf("/");
  return slash === -1 ? { service: text } : { service: text.slice(0, slash), method: text.slice(slash + 1) };
}

function orNone(text: string): string | undefined {
  return text === "" ? undefined : text;
}

/** @throws ConnectError `invalid_argument` for what is no time */
function dateOf(field: string, time: Timestamp | undefined): Date | undefined {
  return time && dateFromTimestamp(field, time);
}
