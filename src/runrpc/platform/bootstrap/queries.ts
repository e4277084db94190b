import { developmentKey, developmentUser } from "../../../services/development.ts";
import { read as userReads, write as users } from "../../../services/users/queries.ts";
import type { Db } from "../../data/query.ts";
import type { Queries } from "../../data/store.ts";
import { type KeyInfo, write as keys } from "../keys/queries.ts"; // One transaction over two tables.

/** The queries as the main thread calls them. */
export type BootstrapQueries = Queries<{
  bootstrap: { read: typeof read; write: typeof write };
}>["bootstrap"];

export const read = {
  /** Whether there is no user, and so no key either, as each key is a user's. */
  async isUnused(db: Db): Promise<boolean> {
    return userReads.isEmpty(db);
  },
};

export const write = {
  /**
   * Gives a database that was just made its development user and a key for it, both or neither. The key works from
   * loopback only.
   * @throws DataError `already_exists` when the user is there.
   */
  async bootstrap(
    db: Db,
    input: { readonly keyId: string; readonly hash: Uint8Array; readonly at: Date },
  ): Promise<KeyInfo> {
    const { keyId, hash, at } = input;
    await users.createUser(db, { ...developmentUser, at });
    return keys.createKey(db, {
      ...developmentKey,
      keyId,
      hash,
      at,
      userId: developmentUser.id,
      expireTime: null,
      loopbackOnly: true,
    });
  },
};
