import { and, asc, count, eq, gt, gte, lt, or, sql } from "drizzle-orm";
import { defineQueries, prepared, type QueriesOf } from "runrpc/query";
import { logs } from "../schema.ts";

/** Lines of a user from `since` on and before `until`. */
export interface LogRange {
  readonly userId: string;
  readonly since: Date;
  readonly until: Date;
}

/** A line as reports see it. */
export interface ReportLine {
  readonly id: number;
  readonly time: Date;
  readonly severity: number;
  readonly message: string;
  readonly attributes: Readonly<Record<string, string>> | null;
}

const since = sql.param(sql.placeholder("since"), logs.time);
const until = sql.param(sql.placeholder("until"), logs.time);

const isOfUser = and(eq(logs.userId, sql.placeholder("userId")), gte(logs.time, since), lt(logs.time, until));

const counted = prepared((db) => db.select({ lines: count() }).from(logs).where(isOfUser).prepare());

const page = prepared((db) =>
  db
    .select({
      id: logs.id,
      time: logs.time,
      severity: logs.severity,
      message: logs.message,
      attributes: logs.attributes,
    })
    .from(logs)
    // Of the lines of `since` itself, those behind the one with this id.
    .where(and(isOfUser, or(gt(logs.time, since), gt(logs.id, sql.placeholder("afterId")))))
    .orderBy(asc(logs.time), asc(logs.id))
    .limit(sql.placeholder("limit"))
    .prepare(),
);

/** The queries of the reports, over the lines that LogService stores. */
export const reportQueries = defineQueries({
  read: {
    async countLines(db, range: LogRange): Promise<number> {
      const [row] = await counted(db).execute({ ...range });
      return row?.lines ?? 0;
    },

    /** At most `limit` lines, the oldest first: of those at `since`, the ones behind `afterId`. */
    async listLines(
      db,
      input: LogRange & { readonly afterId: number; readonly limit: number },
    ): Promise<ReportLine[]> {
      return await page(db).execute({ ...input });
    },
  },
});

/** These queries as the main thread, and the threads of the handlers, call them. */
export type ReportQueries = QueriesOf<typeof reportQueries>;
