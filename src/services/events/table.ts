import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { users } from "../users/table.ts"; // A foreign key needs the column that it points to.

/** Each user's events, in the order in which they were written. */
export const events = sqliteTable(
  "events",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    userId: text("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    type: text("type").notNull(),
    createTime: integer("create_time", { mode: "timestamp_ms" }).notNull(),
    /** Characters of the payload's JSON. Before the payload, so that summing it up reads no payload. */
    size: integer("size").notNull(),
    /** A JSON object, as google.protobuf.Struct holds it; null when the event has none. */
    payload: text("payload", { mode: "json" }).$type<object>(),
  },
  (table) => [index("events_user").on(table.userId, table.id)],
);
