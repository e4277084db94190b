import { and, asc, eq, gt, ne, sql } from "drizzle-orm";
import { DataError, type Db, prepared } from "../../data/query.ts";
import type { Queries } from "../../data/store.ts";
import { users } from "./table.ts";

/** A row of the table. */
export type UserRow = typeof users.$inferSelect;

/** The queries as the main thread calls them. */
export type UserQueries = Queries<{ users: { read: typeof read; write: typeof write } }>["users"];

const byId = prepared((db) =>
  db
    .select()
    .from(users)
    .where(eq(users.id, sql.placeholder("id")))
    .prepare(),
);

const afterSeq = prepared((db) =>
  db
    .select()
    .from(users)
    .where(gt(users.seq, sql.placeholder("afterSeq")))
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
    .returning()
    .prepare(),
);

export const read = {
  /** @throws DataError `not_found`. */
  async getUser(db: Db, input: { readonly id: string }): Promise<UserRow> {
    const [user] = await byId(db).execute(input);
    if (user === undefined) throw missing(input.id);
    return user;
  },

  /** The user with this email, in any spelling of upper and lower case; undefined when there is none. */
  async findUserByEmail(db: Db, input: { readonly email: string }): Promise<UserRow | undefined> {
    const [user] = await db
      .select()
      .from(users)
      .where(eq(users.emailKey, emailKeyFrom(input.email)));
    return user;
  },

  /** The first `limit` users that were created after the one with `afterSeq`, in that order. */
  async listUsers(db: Db, input: { readonly afterSeq: number; readonly limit: number }): Promise<UserRow[]> {
    return afterSeq(db).execute(input);
  },
};

export const write = {
  /** @throws DataError `already_exists` when the email is taken. */
  async createUser(
    db: Db,
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
    db: Db,
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
      .where(eq(users.id, id))
      .returning();
    if (user === undefined) throw missing(id);
    return user;
  },

  /**
   * Removes the user and, by their foreign keys, what the user owns.
   * @throws DataError `not_found`.
   */
  async deleteUser(db: Db, input: { readonly id: string }): Promise<void> {
    const deleted = await db.delete(users).where(eq(users.id, input.id)).returning({ id: users.id });
    if (deleted.length === 0) throw missing(input.id);
  },
};

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
