import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import type { Severity } from "../gen/rig/logs/v1/logs_pb.ts";

export const users = sqliteTable("users", {
  /** The order of creation, which lists and streams follow. */
  seq: integer("seq").primaryKey({ autoIncrement: true }),
  id: text("id").notNull().unique(),
  email: text("email").notNull().unique(),
  displayName: text("display_name").notNull(),
  createTime: integer("create_time", { mode: "timestamp_ms" }).notNull(),
  updateTime: integer("update_time", { mode: "timestamp_ms" }).notNull(),
});

export const events = sqliteTable(
  "events",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    userId: text("user_id")
      .notNull()
      .references(() => users.id),
    type: text("type").notNull(),
    payload: text("payload", { mode: "json" }).$type<object>(),
    createTime: integer("create_time", { mode: "timestamp_ms" }).notNull(),
  },
  (table) => [index("events_user").on(table.userId, table.id)],
);

export const logs = sqliteTable(
  "logs",
  {
    id: integer("id").primaryKey({ autoIncrement: true }),
    userId: text("user_id")
      .notNull()
      .references(() => users.id),
    time: integer("time", { mode: "timestamp_ms" }).notNull(),
    severity: integer("severity").$type<Severity>().notNull(),
    message: text("message").notNull(),
    attributes: text("attributes", { mode: "json" }).$type<Readonly<Record<string, string>>>(),
  },
  (table) => [index("logs_user_time").on(table.userId, table.time, table.id)],
);
