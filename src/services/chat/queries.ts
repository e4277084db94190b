import { sql } from "drizzle-orm";
import type { Queries } from "runrpc/query";
import { type Db, prepared } from "runrpc/query";
import { messages } from "./table.ts";

/** The queries as the main thread calls them. */
export type ChatQueries = Queries<{ chat: { read: typeof read; write: typeof write } }>["chat"];

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

export const read = {};

export const write = {
  /** Stores a message and gives its id. */
  async addMessage(
    db: Db,
    input: { readonly room: string; readonly userId: string; readonly text: string; readonly at: Date },
  ): Promise<number> {
    const [row] = await insert(db).execute(input);
    // An insert that does not throw returns its row.
    return row?.id ?? 0;
  },
};
