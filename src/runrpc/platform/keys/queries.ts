import { eq, sql } from "drizzle-orm";
import { defineQueries, type QueriesOf } from "../../data/define-queries.ts";
import { DataError, type Db, prepared } from "../../data/query.ts";
import {
  getKey,
  isDate,
  type KeyInfo,
  readKeys,
  refuseDead,
  scopesOf,
  shownColumns,
  throwUnlessOfRow,
} from "./read-keys.ts";
import { keys } from "./table.ts";

/** A row of the table. */
export type KeyRow = typeof keys.$inferSelect;

/** A key to store, of which the hash of the key itself is known and no more. */
export interface KeyToAdd {
  readonly keyId: string;
  /** SHA-256 of the whole key. */
  readonly hash: Uint8Array;
  readonly subject: string;
  readonly label: string;
  readonly scopes: readonly string[];
  readonly at: Date;
  /** Null: never. */
  readonly expireTime: Date | null;
  /** Null: the server's limit, as for the next. Default null. */
  readonly callsPerSecond?: number | null | undefined;
  readonly maxConcurrentCalls?: number | null | undefined;
  /** Default false. */
  readonly loopbackOnly?: boolean | undefined;
}

const byId = prepared((db) =>
  db
    .select()
    .from(keys)
    .where(eq(keys.keyId, sql.placeholder("keyId")))
    .prepare(),
);

const addUse = prepared((db) =>
  db
    .update(keys)
    .set({
      useCount: sql`${keys.useCount} + ${sql.placeholder("count")}`,
      lastUseTime: sql`${sql.param(sql.placeholder("lastUsedAt"), keys.lastUseTime)}`,
    })
    .where(eq(keys.keyId, sql.placeholder("keyId")))
    .prepare(),
);

const checkById = prepared((db) =>
  db
    .select({
      keyId: keys.keyId,
      hash: keys.hash,
      subject: keys.subject,
      scopes: keys.scopes,
      expireTime: keys.expireTime,
      revokeTime: keys.revokeTime,
      loopbackOnly: keys.loopbackOnly,
      callsPerSecond: keys.callsPerSecond,
      maxConcurrentCalls: keys.maxConcurrentCalls,
    })
    .from(keys)
    .where(eq(keys.keyId, sql.placeholder("keyId")))
    .prepare(),
);

/** The queries of the keys. */
export const keyQueries = defineQueries({
  read: {
    /** The keys with these ids that exist, revoked and expired ones included. */
    async findKeys(db, input: { readonly keyIds: readonly string[] }): Promise<KeyRow[]> {
      const found: KeyRow[] = [];
      const statement = byId(db);
      for (const keyId of input.keyIds) found.push(...(await statement.execute({ keyId })));
      return found;
    },

    /** How many keys there are, revoked and expired ones included. */
    async countKeys(db): Promise<number> {
      return db.$count(keys);
    },

    /**
     * What decides about the calls of these keys, revoked and expired ones included, in their order. A key that does not
     * exist has a row as well, whose `subject` is empty: answering it costs what answering for one that exists does, so that
     * the time of a refusal does not tell ids that exist from others. Of one whose `scopes` hold no JSON, or whose `hash` is no bytes,
     * the scopes are none.
     */
    async checkKeys(db, input: { readonly keyIds: readonly string[] }) {
      const statement = checkById(db);
      const found: Awaited<ReturnType<typeof statement.execute>> = [];
      for (const keyId of input.keyIds) {
        try {
          const [row = nobody(keyId)] = await statement.execute({ keyId });
          // It may come as it is in its column, and SQLite keeps there whatever is written.
          if (!((row.hash as unknown) instanceof Uint8Array)) throw new TypeError("hash is no bytes");
          found.push(row);
        } catch (error) {
          found.push(unreadable(keyId, error));
        }
      }
      return found;
    },

    /** The keys of one subject, or of all, oldest first, without their hashes. */
    async listKeys(db, input: { readonly subject?: string | undefined }): Promise<KeyInfo[]> {
      return readKeys(db, input.subject === undefined ? undefined : eq(keys.subject, input.subject));
    },
  },

  write: {
    /** @throws DataError `already_exists` when the id is taken: make another key. */
    async createKey(db, input: KeyToAdd): Promise<KeyInfo> {
      return insertKey(db, input);
    },

    /**
     * Revokes a key; one that is revoked already keeps its first time.
     * @throws DataError `not_found`.
     */
    async revokeKey(db, input: { readonly keyId: string; readonly at: Date }): Promise<KeyInfo> {
      const { revokeTime } = await getKey(db, input.keyId);
      // One that cannot be read would leave the key as it is.
      return updateKey(db, input.keyId, { revokeTime: isDate(revokeTime) ? revokeTime : input.at });
    },

    /**
     * Adds a key with the owner, label, scopes, expiry and limits of another one, and ends the other: at once when `graceUntil` is
     * null, else by having it expire then, if it does not expire sooner.
     * @throws DataError `not_found`; `failed_precondition` when the old key is revoked or expired, or cannot be read.
     */
    async rotateKey(
      db,
      input: {
        readonly keyId: string;
        readonly replacement: { readonly keyId: string; readonly hash: Uint8Array };
        readonly at: Date;
        readonly graceUntil: Date | null;
      },
    ): Promise<{ readonly old: KeyInfo; readonly replacement: KeyInfo }> {
      const { at, graceUntil } = input;
      const key = await getKey(db, input.keyId);
      refuseDead(key, at);
      const { subject, label, expireTime, callsPerSecond, maxConcurrentCalls, loopbackOnly } = key;
      const scopes = scopesOf(key);
      const limits = { callsPerSecond, maxConcurrentCalls };
      const inherited = { subject, label, scopes, expireTime, ...limits, loopbackOnly };
      const replacement = await insertKey(db, { ...inherited, ...input.replacement, at });
      const end = graceUntil === null ? { revokeTime: at } : { expireTime: earlier(graceUntil, expireTime) };
      return { old: await updateKey(db, input.keyId, end), replacement };
    },

    /** Adds to the use counts; ids that do not exist are passed over. */
    async addKeyUses(
      db,
      input: {
        readonly uses: readonly {
          readonly keyId: string;
          readonly count: number;
          readonly lastUsedAt: Date;
        }[];
      },
    ): Promise<void> {
      const statement = addUse(db);
      for (const { keyId, count, lastUsedAt } of input.uses) {
        await statement.execute({ keyId, count, lastUsedAt });
      }
    },
  },
});

/** These queries as the main thread calls them. */
export type KeyQueries = QueriesOf<typeof keyQueries>;

function nobody(keyId: string) {
  const scopes: readonly string[] = JSON.parse('["*"]'); // as the driver reads them
  const times = { expireTime: null, revokeTime: null };
  const limits = { callsPerSecond: null, maxConcurrentCalls: null };
  return { keyId, hash: Buffer.alloc(32), subject: "", scopes, ...times, loopbackOnly: false, ...limits };
}

/** A key that its row does not tell, which is no reason to tell nothing of the others. @throws any other error */
function unreadable(keyId: string, error: unknown) {
  throwUnlessOfRow(error);
  const scopes = undefined as unknown as readonly string[]; // whoever judges the key sees that it has no list
  return { ...nobody(keyId), subject: keyId, scopes };
}

async function insertKey(db: Db, { at, hash, loopbackOnly, ...key }: KeyToAdd): Promise<KeyInfo> {
  const [row] = await db
    .insert(keys)
    .values({ ...key, hash: Buffer.from(hash), createTime: at, loopbackOnly: loopbackOnly ?? false })
    .onConflictDoNothing({ target: keys.keyId })
    .returning(shownColumns);
  if (row === undefined) throw new DataError("already_exists", `the key ${key.keyId} exists`);
  return row;
}

async function updateKey(db: Db, keyId: string, change: Partial<KeyRow>): Promise<KeyInfo> {
  await db.update(keys).set(change).where(eq(keys.keyId, keyId));
  return getKey(db, keyId);
}

function earlier(one: Date, other: Date | null): Date {
  return other !== null && other < one ? other : one;
}
