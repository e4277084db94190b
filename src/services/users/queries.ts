import { and, asc, eq, getColumns, gt, isNotNull, isNull, ne, sql } from "drizzle-orm";
import {
  DataError,
  type Db,
  defineQueries,
  prepared,
  type QueriesOf,
  removeKeysOf,
  removeOwnedRows,
} from "runrpc/query";
import * as schema from "../schema.ts"; // All that a user may own.
import { users } from "./table.ts";

/** A user. */
export type UserRow = Omit<typeof users.$inferSelect, "deleteTime">;

const { deleteTime: _, ...columns } = getColumns(users);

const isThere = isNull(users.deleteTime);

/** What a removal may take of a background write, in milliseconds. */
const maxRemovalMs = 5;

const removeOwned = removeOwnedRows(users.id, Object.values(schema));

const byId = prepared((db) =>
  db
    .select(columns)
    .from(users)
    .where(and(eq(users.id, sql.placeholder("id")), isThere))
    .prepare(),
);

const afterSeq = prepared((db) =>
  db
    .select(columns)
    .from(users)
    .where(and(gt(users.seq, sql.placeholder("afterSeq")), isThere))
    .orderBy(asc(users.seq))
    .limit(sql.placeholder("limit"))
    .prepare(),
);

const insert = prepared((db) =>
  db
    .insert(users)
    .values({
      id: sql.placeholder("id"),
      email: sql.placeholder("email"),
      emailKey: sql.placeholder("emailKey"),
      displayName: sql.placeholder("displayName"),
      createTime: sql.placeholder("at"),
      updateTime: sql.placeholder("at"),
    })
    .onConflictDoNothing({ target: users.emailKey })
    .returning(columns)
    .prepare(),
);

/** The queries of the users. */
export const userQueries = defineQueries({
  read: {
    /** Whether there is no user, not even one that is deleted and not removed yet. */
    async isEmpty(db): Promise<boolean> {
      return (await db.$count(users)) === 0;
    },

    /** @throws DataError `not_found`. */
    async getUser(db, input: { readonly id: string }): Promise<UserRow> {
      const [user] = await byId(db).execute(input);
      if (user === undefined) throw missing(input.id);
      return user;
    },

    /** The user with this email, in any spelling of upper and lower case; undefined when there is none. */
    async findUserByEmail(db, input: { readonly email: string }): Promise<UserRow | undefined> {
      const [user] = await db
        .select(columns)
        .from(users)
        .where(and(eq(users.emailKey, emailKeyFrom(input.email)), isThere));
      return user;
    },

    /** The first `limit` users that were created after the one with `afterSeq`, in that order. */
    async listUsers(db, input: { readonly afterSeq: number; readonly limit: number }): Promise<UserRow[]> {
      return afterSeq(db).execute(input);
    },
  },

  write: {
    /** @throws DataError `already_exists` when the email is taken. */
    async createUser(
      db,
      input: { readonly id: string; readonly email: string; readonly displayName: string; readonly at: Date },
    ): Promise<UserRow> {
      const [user] = await insert(db).execute({ ...input, emailKey: emailKeyFrom(input.email) });
      if (user === undefined) throw taken(input.email);
      return user;
    },

    /**
     * Changes what is not undefined.
     * @throws DataError `not_found`, or `already_exists` when the email belongs to another user.
     */
    async updateUser(
      db,
      input: {
        readonly id: string;
        readonly email: string | undefined;
        readonly displayName: string | undefined;
        readonly at: Date;
      },
    ): Promise<UserRow> {
      const { id, email, displayName, at } = input;
      if (email !== undefined) await refuseTaken(db, id, email);
      const [user] = await db
        .update(users)
        .set({
          updateTime: at,
          ...(email === undefined ? {} : { email, emailKey: emailKeyFrom(email) }),
          ...(displayName === undefined ? {} : { displayName }),
        })
        .where(and(eq(users.id, id), isThere))
        .returning(columns);
      if (user === undefined) throw missing(id);
      return user;
    },

    /**
     * Deletes the user: nobody finds it from here on, its email is free, its keys are gone. What it owns goes with it when
     * that is little; true when some is left for `removeDeleted`.
     * @throws DataError `not_found`.
     */
    async deleteUser(db, { id }: { readonly id: string }): Promise<boolean> {
      const [user] = await byId(db).execute({ id });
      if (user === undefined) throw missing(id);
      await removeKeysOf(db, id);
      if (!(await removeOwned(db, id, 0))) {
        await db.delete(users).where(eq(users.id, id));
        return false;
      }
      // No email is like this one: it has no @.
      const gone = { email: "", emailKey: `deleted ${id}`, displayName: "", deleteTime: new Date() };
      await db.update(users).set(gone).where(eq(users.id, id));
      return true;
    },

    /** Removes some of what deleted users own, and those of them that own nothing any more; true when more is left. */
    async removeDeleted(db): Promise<boolean> {
      const [user] = await db
        .select({ id: users.id })
        .from(users)
        .where(isNotNull(users.deleteTime))
        .orderBy(asc(users.deleteTime))
        .limit(1);
      if (user === undefined) return false;
      if (!(await removeOwned(db, user.id, maxRemovalMs)))
        await db.delete(users).where(eq(users.id, user.id));
      return true;
    },
  },
});

/** These queries as the main thread calls them. */
export type UserQueries = QueriesOf<typeof userQueries>;

async function refuseTaken(db: Db, id: string, email: string): Promise<void> {
  const others = await db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.emailKey, emailKeyFrom(email)), ne(users.id, id)));
  if (others.length > 0) throw taken(email);
}

/** Lower case by Unicode's rules, which SQLite's own lower() does not know. */
function emailKeyFrom(email: string): string {
  return email.toLowerCase();
}

function missing(id: string): DataError {
  return new DataError("not_found", `there is no user ${id}`);
}

function taken(email: string): DataError {
  return new DataError("already_exists", `the email ${email} is taken`);
}
