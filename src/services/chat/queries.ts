import { and, asc, desc, eq, gt, sql } from "drizzle-orm";
import { defineQueries, prepared, type QueriesOf, readInOrder, writeInOrder } from "runrpc/query";
import { messages } from "./table.ts";

/** A message as a room hears it. */
export interface MessageRow {
  readonly id: number;
  readonly userId: string;
  readonly text: string;
  readonly createTime: Date;
  readonly callId: string | null;
}

const insert = prepared((db) =>
  db
    .insert(messages)
    .values({
      room: sql.placeholder("room"),
      userId: sql.placeholder("userId"),
      text: sql.placeholder("text"),
      createTime: sql.placeholder("at"),
      callId: sql.placeholder("callId"),
    })
    .returning({ id: messages.id })
    .prepare(),
);

const after = prepared((db) =>
  db
    .select({
      id: messages.id,
      userId: messages.userId,
      text: messages.text,
      createTime: messages.createTime,
      callId: messages.callId,
    })
    .from(messages)
    .where(and(eq(messages.room, sql.placeholder("room")), gt(messages.id, sql.placeholder("afterId"))))
    .orderBy(asc(messages.id))
    .limit(sql.placeholder("limit"))
    .prepare(),
);

const last = prepared((db) =>
  db
    .select({ id: messages.id })
    .from(messages)
    .where(eq(messages.room, sql.placeholder("room")))
    .orderBy(desc(messages.id))
    .limit(1)
    .prepare(),
);

/** Rooms follow the ids of their messages. */
const topicOf = ({ room }: { readonly room: string }) => `messages in ${room}`;

/** The queries of the chat. */
export const chatQueries = defineQueries({
  read: {
    /** What was said in a room after `afterId`, oldest first: at most `limit`. */
    async listMessages(
      db,
      input: { readonly room: string; readonly afterId: number; readonly limit: number },
    ): Promise<MessageRow[]> {
      await readInOrder(db, topicOf(input));
      return after(db).execute(input);
    },

    /** The id of the latest message in a room; 0 when there is none. */
    async lastMessageId(db, input: { readonly room: string }): Promise<number> {
      await readInOrder(db, topicOf(input));
      const [row] = await last(db).execute(input);
      return row?.id ?? 0;
    },
  },

  write: {
    /** Stores a message and gives its id. */
    async addMessage(
      db,
      input: {
        readonly room: string;
        readonly userId: string;
        readonly text: string;
        readonly at: Date;
        readonly callId: string;
      },
    ): Promise<number> {
      await writeInOrder(db, topicOf(input));
      const [row] = await insert(db).execute(input);
      // An insert that does not throw returns its row.
      return row?.id ?? 0;
    },
  },
});

/** These queries as the main thread calls them. */
export type ChatQueries = QueriesOf<typeof chatQueries>;
