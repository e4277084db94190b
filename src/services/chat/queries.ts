import { sql } from "drizzle-orm";
import { defineQueries, prepared, type QueriesOf } from "runrpc/query";
import { messages } from "./table.ts";

const insert = prepared((db) =>
  db
    .insert(messages)
    .values({
      room: sql.placeholder("room"),
      userId: sql.placeholder("userId"),
      text: sql.placeholder("text"),
      createTime: sql.placeholder("at"),
    })
    .returning({ id: messages.id })
    .prepare(),
);

/** The queries of the chat. */
export const chatQueries = defineQueries({
  write: {
    /** Stores a message and gives its id. */
    async addMessage(
      db,
      input: { readonly room: string; readonly userId: string; readonly text: string; readonly at: Date },
    ): Promise<number> {
      const [row] = await insert(db).execute(input);
      // An insert that does not throw returns its row.
      return row?.id ?? 0;
    },
  },
});

/** These queries as the main thread calls them. */
export type ChatQueries = QueriesOf<typeof chatQueries>;
