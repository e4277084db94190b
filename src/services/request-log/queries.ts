import { asc, inArray, lt, sql } from "drizzle-orm";
import { type Db, prepared } from "../../data/query.ts";
import type { Queries } from "../../data/store.ts";
import { requestLog } from "./table.ts";

/** A row to store. */
export type RequestLogRow = Omit<Required<typeof requestLog.$inferInsert>, "id">;

/** The queries as the main thread calls them. */
export type RequestLogQueries = Queries<{ log: { read: typeof read; write: typeof write } }>["log"];

const insert = prepared((db) =>
  db
    .insert(requestLog)
    .values({
      startedAt: sql.placeholder("startedAt"),
      requestId: sql.placeholder("requestId"),
      service: sql.placeholder("service"),
      method: sql.placeholder("method"),
      kind: sql.placeholder("kind"),
      protocol: sql.placeholder("protocol"),
      httpVersion: sql.placeholder("httpVersion"),
      code: sql.placeholder("code"),
      error: sql.placeholder("error"),
      durationMs: sql.placeholder("durationMs"),
      messagesIn: sql.placeholder("messagesIn"),
      messagesOut: sql.placeholder("messagesOut"),
      bytesIn: sql.placeholder("bytesIn"),
      bytesOut: sql.placeholder("bytesOut"),
      peer: sql.placeholder("peer"),
      userId: sql.placeholder("userId"),
      keyId: sql.placeholder("keyId"),
      cancelledBy: sql.placeholder("cancelledBy"),
      abandoned: sql.placeholder("abandoned"),
    })
    .prepare(),
);

export const read = {
  /** All rows, in the order in which they were written: for tests and small tables. */
  async listRequests(db: Db, input: { readonly limit: number }): Promise<RequestLogRow[]> {
    return db.select().from(requestLog).orderBy(asc(requestLog.id)).limit(input.limit);
  },
};

export const write = {
  /** Stores all of the rows or none. */
  async addRequests(db: Db, input: { readonly rows: readonly RequestLogRow[] }): Promise<void> {
    const statement = insert(db);
    for (const row of input.rows) await statement.execute({ ...row });
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
