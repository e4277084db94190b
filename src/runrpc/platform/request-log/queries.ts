import { asc, inArray, lt } from "drizzle-orm";
import { insertRows } from "../../data/insert-rows.ts";
import type { Db } from "../../data/query.ts";
import type { Queries } from "../../data/store.ts";
import { type GroupedRecords, rowColumns } from "./row.ts";
import { requestLog } from "./table.ts";

/** A row as it is stored. */
export type RequestLogRow = Omit<Required<typeof requestLog.$inferInsert>, "id">;

/** The queries as the main thread calls them. */
export type RequestLogQueries = Queries<{ log: { read: typeof read; write: typeof write } }>["log"];

const insert = {
  caller: insertRows(requestLog, rowColumns.caller),
  kind: insertRows(requestLog, rowColumns.kind),
};

export const read = {
  /** All rows, in the order in which they were written: for tests and small tables. */
  async listRequests(db: Db, input: { readonly limit: number }): Promise<RequestLogRow[]> {
    return db.select().from(requestLog).orderBy(asc(requestLog.id)).limit(input.limit);
  },
};

export const write = {
  /** Stores all of the records or none; they are what `groupRecords` made. */
  async addRequests(db: Db, input: GroupedRecords): Promise<void> {
    await insert[input.by](db, input.groups);
  },

  /** Removes at most `limit` of the rows that started before `before`, oldest first, and gives their number. */
  async removeRequests(db: Db, input: { readonly before: Date; readonly limit: number }): Promise<number> {
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
};
