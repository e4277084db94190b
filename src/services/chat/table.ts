import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { users } from "../users/table.ts"; // A foreign key needs the column that it points to.

/** What was said, by whom and in which room. */
export const messages = sqliteTable(
  "chat_messages",
  {
    /** The order in which a room hears its messages. */
    id: integer("id").primaryKey({ autoIncrement: true }),
    room: text("room").notNull(),
    userId: text("user_id")
      .notNull()
      .references(() => users.id, { onDelete: "cascade" }),
    text: text("text").notNull(),
    createTime: integer("create_time", { mode: "timestamp_ms" }).notNull(),
    /** The call that said it, which does not hear itself. Null: nobody knows. */
    callId: text("call_id"),
  },
  (table) => [
    index("chat_messages_room").on(table.room, table.id),
    // Deleting a user looks for the user's messages.
    index("chat_messages_user").on(table.userId),
  ],
);
