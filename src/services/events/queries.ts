import { and, asc, desc, eq, gt, sql } from "drizzle-orm";
import {
  countWithin,
  defineQueries,
  prepared,
  type QueriesOf,
  readInOrder,
  writeInOrder,
} from "runrpc/query";
import { events } from "./table.ts";

/** An event as it is sent. */
export interface EventRow {
  readonly id: number;
  readonly type: string;
  readonly payload: object | null;
  readonly createTime: Date;
}

const insert = prepared((db) =>
  db
    .insert(events)
    .values({
      userId: sql.placeholder("userId"),
      type: sql.placeholder("type"),
      createTime: sql.placeholder("at"),
      size: sql.placeholder("size"),
      payload: sql.placeholder("payload"),
    })
    .returning({ id: events.id })
    .prepare(),
);

const isAfter = and(eq(events.userId, sql.placeholder("userId")), gt(events.id, sql.placeholder("afterId")));

const sizesAfter = prepared((db) =>
  db
    .select({ size: events.size })
    .from(events)
    .where(isAfter)
    .orderBy(asc(events.id))
    .limit(sql.placeholder("limit"))
    .prepare(),
);

const rowsAfter = prepared((db) =>
  db
    .select({
      id: events.id,
      type: events.type,
      payload: events.payload,
      createTime: events.createTime,
    })
    .from(events)
    .where(isAfter)
    .orderBy(asc(events.id))
    .limit(sql.placeholder("limit"))
    .prepare(),
);

const last = prepared((db) =>
  db
    .select({ id: events.id })
    .from(events)
    .where(eq(events.userId, sql.placeholder("userId")))
    .orderBy(desc(events.id))
    .limit(1)
    .prepare(),
);

/** Streams follow the ids of a user's events. */
const topicOf = ({ userId }: { readonly userId: string }) => `events of ${userId}`;

/** The queries of the events. */
export const eventQueries = defineQueries({
  read: {
    /**
     * The user's events after `afterId`, oldest first: at most `limit`, and no more than fit into `maxSize` characters of
     * payload, but one at least. `more` is false when these were all.
     */
    async listEvents(
      db,
      input: {
        readonly userId: string;
        readonly afterId: number;
        readonly limit: number;
        readonly maxSize: number;
      },
    ): Promise<{ readonly rows: EventRow[]; readonly more: boolean }> {
      await readInOrder(db, topicOf(input));
      const sizes = await sizesAfter(db).execute({ ...input, limit: input.limit + 1 });
      if (sizes.length === 0) return { rows: [], more: false };
      const fitting = countWithin(
        sizes.slice(0, input.limit).map(({ size }) => size),
        input.maxSize,
      );
      const rows = await rowsAfter(db).execute({ ...input, limit: fitting });
      return { rows, more: fitting < sizes.length };
    },

    /** The id of the user's latest event; 0 when there is none. */
    async lastEventId(db, input: { readonly userId: string }): Promise<number> {
      await readInOrder(db, topicOf(input));
      const [row] = await last(db).execute(input);
      return row?.id ?? 0;
    },
  },

  write: {
    /** Stores an event and gives its id. */
    async addEvent(
      db,
      input: {
        readonly userId: string;
        readonly type: string;
        readonly payload: object | null;
        readonly at: Date;
      },
    ): Promise<number> {
      const size = input.payload === null ? 0 : JSON.stringify(input.payload).length;
      await writeInOrder(db, topicOf(input));
      const [row] = await insert(db).execute({ ...input, size });
      // An insert that does not throw returns its row.
      return row?.id ?? 0;
    },
  },
});

/** These queries as the main thread calls them. */
export type EventQueries = QueriesOf<typeof eventQueries>;
