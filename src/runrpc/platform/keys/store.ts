import type { KeyStore, StoredKey } from "../../server/auth/key-store.ts";
import type { KeyQueries } from "./queries.ts";

/** The table of keys, as the server asks for it. */
export function createKeyStore(queries: Pick<KeyQueries, "checkKeys" | "addKeyUses">): KeyStore {
  return {
    async find(keyIds, signal) {
      const rows = await queries.checkKeys({ keyIds }, { signal });
      return rows.map(storedFromRow).filter(({ subject }) => subject !== "");
    },
    // Counting never keeps a call's own write waiting.
    addUses: (uses) => queries.addKeyUses({ uses }, { background: true }),
  };
}

type KeyCheck = Awaited<ReturnType<KeyQueries["checkKeys"]>>[number];

function storedFromRow({ callsPerSecond, maxConcurrentCalls, ...row }: KeyCheck): StoredKey {
  const { expireTime, revokeTime, ...key } = row;
  return {
    ...key,
    expiresAt: expireTime ?? undefined,
    revokedAt: revokeTime ?? undefined,
    ...(callsPerSecond === null ? {} : { callsPerSecond }),
    ...(maxConcurrentCalls === null ? {} : { maxConcurrentCalls }),
  };
}
