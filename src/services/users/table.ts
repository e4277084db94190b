import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";

/** The people who use the system. Everything a user owns refers to `id` and goes when the user is deleted. */
export const users = sqliteTable(
  "users",
  {
    /** The order of creation, which lists and streams follow. Never used twice. */
    seq: integer("seq").primaryKey({ autoIncrement: true }),
    id: text("id").notNull().unique(),
    /** As it was given. */
    email: text("email").notNull(),
    /** The email in lower case, which no two users share. */
    emailKey: text("email_key").notNull().unique(),
    displayName: text("display_name").notNull(),
    createTime: integer("create_time", { mode: "timestamp_ms" }).notNull(),
    updateTime: integer("update_time", { mode: "timestamp_ms" }).notNull(),
    /** Null: not deleted. The row of a deleted user stays until all that the user owned is removed. */
    deleteTime: integer("delete_time", { mode: "timestamp_ms" }),
  },
  // What is deleted and not yet removed is looked for.
  (table) => [index("users_delete_time").on(table.deleteTime)],
);
