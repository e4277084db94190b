import type { KeyStore } from "../../server/auth/key-store.ts";
import type { KeyQueries } from "./queries.ts";

/** The table of keys, as the server asks for it. */
export function createKeyStore(queries: Pick<KeyQueries, "findKeys" | "addKeyUses">): KeyStore {
  return {
    async find(keyIds, signal) {
      const rows = await queries.findKeys({ keyIds }, { signal });
      return rows.map(({ keyId, hash, userId, scopes, expireTime, revokeTime, loopbackOnly }) => ({
        keyId,
        hash,
        userId,
        scopes,
        expiresAt: expireTime ?? undefined,
        revokedAt: revokeTime ?? undefined,
        loopbackOnly,
      }));
    },
    // Counting never keeps a call's own write waiting.
    addUses: (uses) => queries.addKeyUses({ uses }, { background: true }),
  };
}
