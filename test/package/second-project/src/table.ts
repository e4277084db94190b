import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** A table that is named as the package's examples name theirs. */
export const users = sqliteTable("users", {
  name: text("name").primaryKey(),
  times: integer("times").notNull(),
});
