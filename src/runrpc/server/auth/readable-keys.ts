import type { ServerLog } from "../log.ts";
import type { StoredKey } from "./key-store.ts";

/** Keys whose fault was told, at most; past it some are told again. */
const MAX_TOLD = 1_000;

/**
 * Tells the stored keys that can be judged from those that cannot, as one whose row somebody has edited by hand: such a key
 * opens nothing, and costs no other key its look-up. The log says so once, until the key can be read again.
 */
export function createReadable(log: ServerLog): (stored: StoredKey) => boolean {
  const told = new Set<string>();
  return (stored) => {
    const { keyId } = stored;
    const fault = faultOf(stored);
    if (fault === undefined) {
      told.delete(keyId);
      return true;
    }
    if (!told.has(keyId)) {
      if (told.size >= MAX_TOLD) told.clear();
      told.add(keyId);
      log.error({ keyId }, `an API key cannot be read and is refused: ${fault}`);
    }
    return false;
  };
}

function faultOf({ hash, scopes, expiresAt, revokedAt, ...limits }: StoredKey): string | undefined {
  if (!(hash instanceof Uint8Array)) return "its hash is no bytes";
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === "string"))
    return "its scopes are no list of texts";
  // One that cannot be compared would never have passed.
  if (!isDate(expiresAt)) return "its expiry is no date";
  if (!isDate(revokedAt)) return "its time of revocation is no date";
  for (const limit of [limits.callsPerSecond ?? 0, limits.maxConcurrentCalls ?? 0])
    if (!(limit >= 0)) return "its limits are no numbers from 0";
  return undefined;
}

function isDate(date: Date | undefined): boolean {
  return date === undefined || (date instanceof Date && !Number.isNaN(date.getTime()));
}
