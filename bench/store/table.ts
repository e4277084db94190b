import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

export const notes = sqliteTable("notes", {
  id: integer().primaryKey(),
  text: text().notNull(),
  at: integer({ mode: "timestamp_ms" }).notNull(),
});
