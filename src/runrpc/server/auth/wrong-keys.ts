/** Keys that were looked up and are none, so that a client which goes on sending one costs no look-up each time. */
export interface WrongKeys {
  /** True for the rest of a lease. */
  has(key: string, now: number): boolean;
  add(key: string, askedAt: number): void;
}

/** Keys that are remembered; past it all are forgotten, and looked up again. */
const MAX_REMEMBERED = 4_096;

/**
 * Makes the memory of one authenticator. It goes by whole keys, not by ids: what is known of an id is of no use to who
 * guesses keys for it, and takes nothing from who holds the right one.
 */
export function createWrongKeys(keyLeaseMs: number): WrongKeys {
  const askedAt = new Map<string, number>();
  return {
    has(key, now) {
      const asked = askedAt.get(key);
      if (asked === undefined) return false;
      const ageMs = now - asked;
      if (ageMs >= 0 && ageMs < keyLeaseMs) return true;
      askedAt.delete(key);
      return false;
    },
    add(key, time) {
      if (askedAt.size >= MAX_REMEMBERED) askedAt.clear();
      askedAt.set(key, time);
    },
  };
}
