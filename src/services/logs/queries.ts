import { and, desc, eq, gte, lt, lte, or, sql } from "drizzle-orm";
import {
  countWithin,
  defineQueries,
  insertRows,
  prepared,
  type QueriesOf,
  type RowGroup,
} from "runrpc/query";
import type { Severity } from "../../../gen/logs/v1/logs_pb.ts";
import { type LogLine, rowColumns } from "./row.ts";
import { logs } from "./table.ts";

/** A line that is stored. */
export type LogRow = LogLine & { readonly id: number };

/** Where a page of lines, latest first, starts: after the line with this time and id. */
export interface LogPosition {
  readonly time: Date;
  readonly id: number;
}

const insert = insertRows(logs, rowColumns);

const time = sql.param(sql.placeholder("time"), logs.time);

// `time <= x` in front lets the index be entered at the position; the `or` alone would be read through from the top.
const isBefore = and(
  eq(logs.userId, sql.placeholder("userId")),
  lte(logs.time, time),
  or(lt(logs.time, time), lt(logs.id, sql.placeholder("id"))),
  gte(logs.severity, sql.placeholder("minSeverity")),
);

const sizesBefore = prepared((db) =>
  db
    .select({ size: logs.size })
    .from(logs)
    .where(isBefore)
    .orderBy(desc(logs.time), desc(logs.id))
    .limit(sql.placeholder("limit"))
    .prepare(),
);

const rowsBefore = prepared((db) =>
  db
    .select({
      id: logs.id,
      time: logs.time,
      severity: logs.severity,
      size: logs.size,
      message: logs.message,
      attributes: logs.attributes,
    })
    .from(logs)
    .where(isBefore)
    .orderBy(desc(logs.time), desc(logs.id))
    .limit(sql.placeholder("limit"))
    .prepare(),
);

/** The queries of the log lines. */
export const logQueries = defineQueries({
  read: {
    /**
     * The user's lines before `before`, latest first: at most `limit`, and no more than fit into `maxSize` characters, but
     * one at least. `more` is false when these were all.
     */
    async listLogs(
      db,
      input: {
        readonly userId: string;
        readonly before: LogPosition;
        readonly minSeverity: Severity;
        readonly limit: number;
        readonly maxSize: number;
      },
    ): Promise<{ readonly rows: LogRow[]; readonly more: boolean }> {
      const { userId, minSeverity, before } = input;
      const where = { userId, minSeverity, time: before.time, id: before.id };
      const sizes = await sizesBefore(db).execute({ ...where, limit: input.limit + 1 });
      if (sizes.length === 0) return { rows: [], more: false };
      const fitting = countWithin(
        sizes.slice(0, input.limit).map(({ size }) => size),
        input.maxSize,
      );
      const rows = await rowsBefore(db).execute({ ...where, limit: fitting });
      return { rows, more: fitting < sizes.length };
    },
  },

  write: {
    /** Stores all of the lines or none: `rows` is what `rowsOfUser` made. */
    async addLogs(db, input: { readonly rows: RowGroup }): Promise<void> {
      await insert(db, [input.rows]);
    },
  },
});

/** These queries as the main thread calls them. */
export type LogQueries = QueriesOf<typeof logQueries>;
