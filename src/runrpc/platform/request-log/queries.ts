import {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  gt,
  gte,
  inArray,
  isNotNull,
  lt,
  lte,
  ne,
  or,
  type SQL,
} from "drizzle-orm";
import { defineQueries, type QueriesOf } from "../../data/define-queries.ts";
import { insertRows } from "../../data/insert-rows.ts";
import { type GroupedRecords, rowColumns } from "./row.ts";
import { requestLog } from "./table.ts";

/** A row as it is stored. */
export type RequestLogRow = Omit<Required<typeof requestLog.$inferInsert>, "id">;

/** A row with its number, and what is kept of its request. */
export type StoredRequest = Required<typeof requestLog.$inferSelect>;

/** A row as it is listed. */
export type ListedRequest = Omit<StoredRequest, "request" | "requestNote">;

/** What is looked for; what is left out matches all. */
export interface RequestSearch {
  readonly before?: number | undefined;
  readonly limit: number;
  readonly maxScanned: number;
  readonly service?: string | undefined;
  readonly method?: string | undefined;
  /** Any of these; `error` is every code but `ok`. */
  readonly codes?: readonly string[] | undefined;
  readonly keyId?: string | undefined;
  readonly subject?: string | undefined;
  readonly requestId?: string | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly minDurationMs?: number | undefined;
}

/** What was found, and where to go on. */
export interface FoundRequests {
  readonly rows: ListedRequest[];
  readonly next: number | undefined;
}

/** Which requests are to go. */
export interface KeptSearch {
  readonly after: number;
  readonly newest: number;
  readonly limit: number;
  readonly maxScanned: number;
}

/** What was found, and where to go on. */
export interface FoundKept {
  readonly ids: number[];
  readonly next: number;
  readonly isLast: boolean;
}

function conditionsOf(search: RequestSearch): (SQL | undefined)[] {
  const { service, method, codes, keyId, subject, requestId, from, to, minDurationMs } = search;
  const equal = <C extends "service" | "method" | "keyId" | "subject" | "requestId">(
    column: C,
    value: string | undefined,
  ): SQL | undefined => (value === undefined ? undefined : eq(requestLog[column], value));
  return [
    equal("service", service),
    equal("method", method),
    equal("keyId", keyId),
    equal("subject", subject),
    equal("requestId", requestId),
    codes === undefined || codes.length === 0
      ? undefined
      : codes.includes("error")
        ? or(ne(requestLog.code, "ok"), inArray(requestLog.code, [...codes]))
        : inArray(requestLog.code, [...codes]),
    from === undefined ? undefined : gte(requestLog.startedAt, from),
    to === undefined ? undefined : lt(requestLog.startedAt, to),
    minDurationMs === undefined ? undefined : gte(requestLog.durationMs, minDurationMs),
  ];
}

const insert = {
  caller: insertRows(requestLog, rowColumns.caller),
  kind: insertRows(requestLog, rowColumns.kind),
  all: insertRows(requestLog, rowColumns.all),
};

/** A page of rows with their requests would be megabytes. */
const { request: _request, requestNote: _requestNote, ...listedColumns } = getTableColumns(requestLog);

/** The queries of the request log. */
export const requestLogQueries = defineQueries({
  read: {
    /** All rows, in the order in which they were written: for tests and small tables. */
    async listRequests(db, input: { readonly limit: number }): Promise<RequestLogRow[]> {
      return db.select().from(requestLog).orderBy(asc(requestLog.id)).limit(input.limit);
    },

    /** One row. */
    async getRequest(db, input: { readonly id: number }): Promise<StoredRequest | undefined> {
      const [row] = await db.select().from(requestLog).where(eq(requestLog.id, input.id));
      return row;
    },

    /**
     * The rows that match, the latest first, of those before `before`. No more than `maxScanned` rows are looked at, as no
     * index tells which match: `next` is where to go on, and undefined when there are none before it.
     */
    async findRequests(db, input: RequestSearch): Promise<FoundRequests> {
      const [last] = await db
        .select({ id: requestLog.id })
        .from(requestLog)
        .orderBy(desc(requestLog.id))
        .limit(1);
      const below = Math.min(input.before ?? Number.MAX_SAFE_INTEGER, (last?.id ?? 0) + 1);
      const from = below - input.maxScanned;
      const rows = await db
        .select(listedColumns)
        .from(requestLog)
        .where(and(lt(requestLog.id, below), gte(requestLog.id, from), ...conditionsOf(input)))
        .orderBy(desc(requestLog.id))
        .limit(input.limit);
      const next = rows.length === input.limit ? rows.at(-1)?.id : from;
      const [more] =
        next === undefined
          ? []
          : await db.select({ id: requestLog.id }).from(requestLog).where(lt(requestLog.id, next)).limit(1);
      return { rows, next: more === undefined ? undefined : next };
    },

    /**
     * Rows after `after` whose requests are kept although there are `newest` later ones, the oldest first. No more than
     * `maxScanned` rows are looked at: `next` is after which to go on, and `isLast` whether there are none behind it.
     */
    async findKeptRequests(db, input: KeptSearch): Promise<FoundKept> {
      const [last] = await db
        .select({ id: requestLog.id })
        .from(requestLog)
        .orderBy(desc(requestLog.id))
        .limit(1);
      const end = (last?.id ?? 0) - input.newest;
      const to = Math.min(end, input.after + input.maxScanned);
      if (to <= input.after) return { ids: [], next: input.after, isLast: true };
      const found = await db
        .select({ id: requestLog.id })
        .from(requestLog)
        .where(and(gt(requestLog.id, input.after), lte(requestLog.id, to), isNotNull(requestLog.request)))
        .orderBy(asc(requestLog.id))
        .limit(input.limit);
      const ids = found.map(({ id }) => id);
      const next = ids.length === input.limit ? (ids.at(-1) ?? to) : to;
      return { ids, next, isLast: next >= end };
    },
  },

  write: {
    /** Stores all of the records or none; they are what `groupRecords` made. */
    async addRequests(db, input: GroupedRecords): Promise<void> {
      await insert[input.by](db, input.groups);
    },

    /** Removes the requests of these rows, and leaves the rows. */
    async forgetRequests(db, input: { readonly ids: readonly number[] }): Promise<void> {
      await db
        .update(requestLog)
        .set({ request: null, requestNote: "removed: later ones have taken its room" })
        .where(inArray(requestLog.id, [...input.ids]));
    },

    /** Removes at most `limit` of the rows that started before `before`, oldest first, and gives their number. */
    async removeRequests(db, input: { readonly before: Date; readonly limit: number }): Promise<number> {
      const old = db
        .select({ id: requestLog.id })
        .from(requestLog)
        .where(lt(requestLog.startedAt, input.before))
        .orderBy(asc(requestLog.startedAt))
        .limit(input.limit);
      const removed = await db
        .delete(requestLog)
        .where(inArray(requestLog.id, old))
        .returning({ id: requestLog.id });
      return removed.length;
    },
  },
});

/** These queries as the main thread calls them. */
export type RequestLogQueries = QueriesOf<typeof requestLogQueries>;
