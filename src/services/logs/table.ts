import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Severity } from "../../../gen/logs/v1/logs_pb.ts";
import { users } from "../users/table.ts"; // A foreign key needs the column that it points to.

/** Each user's log lines. */
export const logs = sqliteTable(
  "logs",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    userId: text("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    /** When it happened, to the millisecond. */
    time: integer("time", { mode: "timestamp_ms" }).notNull(),
    /** The number of the contract's Severity: the greater, the worse. */
    severity: integer("severity").$type<Severity>().notNull(),
    /** Characters of message and attributes. Before them, so that summing it up does not read them. */
    size: integer("size").notNull(),
    message: text("message").notNull(),
    /** Null when the line has none. */
    attributes: text("attributes", { mode: "json" }).$type<Readonly<Record<string, string>>>(),
  },
  (table) => [index("logs_user_time").on(table.userId, table.time, table.id)],
);
