import type { RowGroup } from "../../data/insert-rows.ts";
import type { CallRecord } from "../../server/call/record.ts";

/** Records as they travel to the database: those of alike calls together, for one of the inserts of `rowColumns`. */
export interface GroupedRecords {
  readonly by: keyof typeof rowColumns;
  readonly groups: readonly RowGroup[];
}

type Column = Exclude<keyof CallRecord, "request" | "traceId">;

/** What the server decides: few values, whoever calls. */
const kindColumns = [
  "service",
  "method",
  "kind",
  "protocol",
  "httpVersion",
  "code",
  "cancelledBy",
  "abandoned",
] as const satisfies readonly Column[];

/** What follows from the caller: few values where other services call, many where users do. */
const callerColumns = [
  "peer",
  "subject",
  "keyId",
  "messagesIn",
  "messagesOut",
  "error",
] as const satisfies readonly Column[];

/** What each call has for itself. */
const callColumns = [
  "startedAt",
  "requestId",
  "durationMs",
  "bytesIn",
  "bytesOut",
] as const satisfies readonly Column[];

/** What few servers have: what is kept of the request, and the trace. */
const moreColumns = ["request", "requestNote", "traceId"] as const;

/** The columns that the records of a group share and those of each record; see `insertRows`. */
export const rowColumns = {
  caller: { shared: [...kindColumns, ...callerColumns], own: callColumns },
  kind: { shared: kindColumns, own: [...callColumns, ...callerColumns] },
  all: { shared: kindColumns, own: [...callColumns, ...callerColumns, ...moreColumns] },
} as const;

/** Records in a group, on average, from which on it pays to group them by their callers as well. */
const MIN_CALLS_OF_CALLER = 8;

/**
 * Groups records: by their callers where these make many alike calls, else by the kind of call alone. Requests and traces take
 * columns that nobody pays for where there are none.
 */
export function groupRecords(records: readonly CallRecord[]): GroupedRecords {
  if (records.some(({ request, traceId }) => request !== undefined || traceId !== undefined))
    return { by: "all", groups: groupsByKind(records, addAll) };
  const maxGroups = Math.max(1, records.length / MIN_CALLS_OF_CALLER);
  const byCaller = groupBy(records, isAlike, maxGroups);
  if (byCaller !== undefined)
    return { by: "caller", groups: byCaller.map((group) => rowsOf(group, addKindAndCaller, addCall)) };
  return { by: "kind", groups: groupsByKind(records, addCallAndCaller) };
}

function groupsByKind(records: readonly CallRecord[], addOwn: Add): readonly RowGroup[] {
  const groups = groupBy(records, isSameKind, records.length) ?? [];
  return groups.map((group) => rowsOf(group, addKind, addOwn));
}

/** Undefined: there are more groups than that. */
function groupBy(
  records: readonly CallRecord[],
  belong: (one: CallRecord, other: CallRecord) => boolean,
  maxGroups: number,
): (readonly [CallRecord, ...CallRecord[]])[] | undefined {
  const groups: [CallRecord, ...CallRecord[]][] = [];
  for (const record of records) {
    const group = groups.find(([first]) => belong(first, record));
    if (group !== undefined) group.push(record);
    else if (groups.push([record]) > maxGroups) return undefined;
  }
  return groups;
}

function isSameKind(one: CallRecord, other: CallRecord): boolean {
  return (
    one.method === other.method &&
    one.service === other.service &&
    one.kind === other.kind &&
    one.protocol === other.protocol &&
    one.httpVersion === other.httpVersion &&
    one.code === other.code &&
    one.cancelledBy === other.cancelledBy &&
    one.abandoned === other.abandoned
  );
}

function isAlike(one: CallRecord, other: CallRecord): boolean {
  return (
    isSameKind(one, other) &&
    one.peer === other.peer &&
    one.keyId === other.keyId &&
    one.subject === other.subject &&
    one.messagesIn === other.messagesIn &&
    one.messagesOut === other.messagesOut &&
    one.error === other.error
  );
}

type Add = (values: unknown[], record: CallRecord) => void;

function rowsOf(records: readonly [CallRecord, ...CallRecord[]], addShared: Add, addOwn: Add): RowGroup {
  const shared: unknown[] = [];
  const own: unknown[] = [];
  addShared(shared, records[0]);
  for (const record of records) addOwn(own, record);
  return { shared, own };
}

// In the order of the columns above. By name: looking names up costs more.

const addKind: Add = (values, record) => {
  values.push(record.service, record.method, record.kind, record.protocol, record.httpVersion, record.code);
  values.push(record.cancelledBy ?? null, record.abandoned);
};

const addCaller: Add = (values, record) => {
  values.push(record.peer, record.subject ?? null, record.keyId ?? null);
  values.push(record.messagesIn, record.messagesOut, record.error);
};

const addCall: Add = (values, record) => {
  values.push(record.startedAt, record.requestId, record.durationMs, record.bytesIn, record.bytesOut);
};

const addKindAndCaller: Add = (values, record) => {
  addKind(values, record);
  addCaller(values, record);
};

const addCallAndCaller: Add = (values, record) => {
  addCall(values, record);
  addCaller(values, record);
};

const addAll: Add = (values, record) => {
  addCallAndCaller(values, record);
  values.push(record.request?.json || null, record.request?.note || null, record.traceId ?? null);
};
