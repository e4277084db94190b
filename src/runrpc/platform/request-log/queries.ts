import { asc, inArray, lt } from "drizzle-orm";
import { defineQueries, type QueriesOf } from "../../data/define-queries.ts";
import { insertRows } from "../../data/insert-rows.ts";
import { type GroupedRecords, rowColumns } from "./row.ts";
import { requestLog } from "./table.ts";

/** A row as it is stored. */
export type RequestLogRow = Omit<Required<typeof requestLog.$inferInsert>, "id">;

const insert = {
  caller: insertRows(requestLog, rowColumns.caller),
  kind: insertRows(requestLog, rowColumns.kind),
};

/** The queries of the request log. */
export const requestLogQueries = defineQueries({
  read: {
    /** All rows, in the order in which they were written: for tests and small tables. */
    async listRequests(db, input: { readonly limit: number }): Promise<RequestLogRow[]> {
      return db.select().from(requestLog).orderBy(asc(requestLog.id)).limit(input.limit);
    },
  },

  write: {
    /** Stores all of the records or none; they are what `groupRecords` made. */
    async addRequests(db, input: GroupedRecords): Promise<void> {
      await insert[input.by](db, input.groups);
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
