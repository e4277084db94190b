import { asc, eq, getTableColumns, type SQL } from "drizzle-orm";
import { DataError, type Db } from "../../data/query.ts";
import { keys } from "./table.ts";

/** What of a key may be shown: all but its hash. `scopes` is undefined where the column holds no JSON. */
export type KeyInfo = Omit<typeof keys.$inferSelect, "hash" | "scopes"> & {
  readonly scopes: readonly string[] | undefined;
};

const { hash: _hash, ...columns } = getTableColumns(keys);
const { scopes: _scopes, ...plainColumns } = columns;

/** What `KeyInfo` has. */
export const shownColumns = columns;

/** Oldest first. Where the scopes of one are no JSON, the others are read nevertheless. */
export async function readKeys(db: Db, which: SQL | undefined): Promise<KeyInfo[]> {
  const order = [asc(keys.createTime), asc(keys.keyId)];
  try {
    return await db
      .select(shownColumns)
      .from(keys)
      .where(which)
      .orderBy(...order);
  } catch (error) {
    throwUnlessOfRow(error);
  }
  const found: KeyInfo[] = [];
  const rows = await db
    .select(plainColumns)
    .from(keys)
    .where(which)
    .orderBy(...order);
  for (const row of rows) found.push({ ...row, scopes: await readScopes(db, row.keyId) });
  return found;
}

/** @throws DataError `not_found` */
export async function getKey(db: Db, keyId: string): Promise<KeyInfo> {
  const [row] = await readKeys(db, eq(keys.keyId, keyId));
  if (row === undefined) throw new DataError("not_found", `there is no key ${keyId}`);
  return row;
}

/** @throws DataError `failed_precondition` for a key that does not work any more, and one that does not tell whether it does */
export function refuseDead({ keyId, revokeTime, expireTime }: KeyInfo, at: Date): void {
  refuseUnread(keyId, "time of revocation", revokeTime === null || isDate(revokeTime));
  refuseUnread(keyId, "expiry", expireTime === null || isDate(expireTime));
  if (revokeTime !== null) {
    throw new DataError("failed_precondition", `the key ${keyId} was revoked at ${revokeTime.toISOString()}`);
  }
  if (expireTime !== null && expireTime <= at) {
    throw new DataError("failed_precondition", `the key ${keyId} expired at ${expireTime.toISOString()}`);
  }
}

/** @throws DataError `failed_precondition` where they cannot be read */
export function scopesOf({ keyId, scopes }: KeyInfo): readonly string[] {
  const isGood = Array.isArray(scopes) && scopes.every((scope) => typeof scope === "string");
  refuseUnread(keyId, "scopes", isGood);
  return scopes ?? [];
}

function refuseUnread(keyId: string, what: string, isGood: boolean): void {
  if (!isGood)
    throw new DataError(
      "failed_precondition",
      `the ${what} of the key ${keyId} cannot be read: make another key, and revoke this one`,
    );
}

/** Lets errors pass by that come of what a column holds: the driver has read the row, and drizzle could not make a value of it. */
export function throwUnlessOfRow(error: unknown): void {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (!(cause instanceof SyntaxError || cause instanceof TypeError)) throw error;
}

export function isDate(value: unknown): value is Date {
  return value instanceof Date && !Number.isNaN(value.getTime());
}

async function readScopes(db: Db, keyId: string): Promise<KeyInfo["scopes"]> {
  try {
    const [row] = await db.select({ scopes: keys.scopes }).from(keys).where(eq(keys.keyId, keyId));
    return row?.scopes;
  } catch (error) {
    throwUnlessOfRow(error);
    return undefined;
  }
}
