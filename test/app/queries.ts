import { and, asc, desc, eq, gt, gte, lt, or, sql } from "drizzle-orm";
import { DataError, defineQueries, insertRows, prepared, type QueriesOf, type RowGroup } from "runrpc/query";
import type { Severity } from "../gen/rig/logs/v1/logs_pb.ts";
import { events, logs, users } from "./table.ts";

/** A user. */
export type UserRow = typeof users.$inferSelect;

/** An event as it is sent. */
export type EventRow = Omit<typeof events.$inferSelect, "userId">;

/** A line of a log as it is sent. */
export type LogRow = Omit<typeof logs.$inferSelect, "userId">;

const userById = prepared((db) =>
  db
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder("id")))
    .prepare(),
);

const usersAfter = prepared((db) =>
  db
    .select()
    .from(users)
    .where(gt(users.seq, sql.placeholder("afterSeq")))
    .orderBy(asc(users.seq))
    .limit(sql.placeholder("limit"))
    .prepare(),
);

const eventsAfter = prepared((db) =>
  db
    .select({ id: events.id, type: events.type, payload: events.payload, createTime: events.createTime })
    .from(events)
    .where(and(eq(events.userId, sql.placeholder("userId")), gt(events.id, sql.placeholder("afterId"))))
    .orderBy(asc(events.id))
    .limit(sql.placeholder("limit"))
    .prepare(),
);

const insertLogs = insertRows(logs, {
  shared: ["userId"],
  own: ["time", "severity", "message", "attributes"],
});

const rig = defineQueries({
  read: {
    /** @throws DataError `not_found`. */
    async getUser(db, input: { readonly id: string }): Promise<UserRow> {
      const [user] = await userById(db).execute(input);
      if (user === undefined) throw new DataError("not_found", `there is no user ${input.id}`);
      return user;
    },

    async findUserByEmail(db, { email }: { readonly email: string }): Promise<UserRow | undefined> {
      const [user] = await db.select().from(users).where(eq(users.email, email));
      return user;
    },

    async listUsers(db, input: { readonly afterSeq: number; readonly limit: number }): Promise<UserRow[]> {
      return usersAfter(db).execute(input);
    },

    async listEvents(
      db,
      input: { readonly userId: string; readonly afterId: number; readonly limit: number },
    ): Promise<EventRow[]> {
      return eventsAfter(db).execute(input);
    },

    /** The id of the user's latest event; 0 when there is none. */
    async lastEventId(db, { userId }: { readonly userId: string }): Promise<number> {
      const newest = db.select({ id: events.id }).from(events).where(eq(events.userId, userId));
      const [row] = await newest.orderBy(desc(events.id)).limit(1);
      return row?.id ?? 0;
    },

    /** The user's lines before a time and id, latest first. */
    async listLogs(
      db,
      input: {
        readonly userId: string;
        readonly time: Date;
        readonly id: number;
        readonly minSeverity: Severity;
        readonly limit: number;
      },
    ): Promise<LogRow[]> {
      const { userId, time, id, minSeverity, limit } = input;
      const isBefore = or(lt(logs.time, time), and(eq(logs.time, time), lt(logs.id, id)));
      return db
        .select()
        .from(logs)
        .where(and(eq(logs.userId, userId), isBefore, gte(logs.severity, minSeverity)))
        .orderBy(desc(logs.time), desc(logs.id))
        .limit(limit);
    },
  },

  write: {
    /** @throws DataError `already_exists` when the email is taken. */
    async createUser(
      db,
      user: { readonly id: string; readonly email: string; readonly displayName: string; readonly at: Date },
    ): Promise<UserRow> {
      const { at, ...columns } = user;
      const row = { ...columns, createTime: at, updateTime: at };
      const [made] = await db.insert(users).values(row).onConflictDoNothing().returning();
      if (made === undefined) throw new DataError("already_exists", `the email ${user.email} is taken`);
      return made;
    },

    /** @throws DataError `not_found`. */
    async updateUser(
      db,
      input: { readonly id: string; readonly change: Partial<UserRow>; readonly at: Date },
    ): Promise<UserRow> {
      const { id, change, at } = input;
      const changed = { ...change, updateTime: at };
      const [user] = await db.update(users).set(changed).where(eq(users.id, id)).returning();
      if (user === undefined) throw new DataError("not_found", `there is no user ${id}`);
      return user;
    },

    async addEvent(db, event: Omit<typeof events.$inferInsert, "id">): Promise<number> {
      const [row] = await db.insert(events).values(event).returning({ id: events.id });
      return row?.id ?? 0;
    },

    /** Stores all of the lines or none. */
    async addLogs(db, { rows }: { readonly rows: RowGroup }): Promise<void> {
      await insertLogs(db, [rows]);
    },
  },
});

/** Every query that the workers serve. */
export const modules = { rig };

/** `defineApp<Modules>` types the queries with this. */
export type Modules = typeof modules;

/** The queries as the main thread calls them. */
export type RigQueries = QueriesOf<typeof rig>;
