/** What the table of keys holds of one key. The key itself is not among it. */
export interface StoredKey {
  /** The visible prefix, which is also the id to look a key up by. */
  readonly keyId: string;
  /** SHA-256 of the whole key: 32 bytes. A key has 256 random bits, so a plain hash is enough. */
  readonly hash: Uint8Array;
  readonly subject: string;
  readonly scopes: readonly string[];
  readonly expiresAt: Date | undefined;
  readonly revokedAt: Date | undefined;
  /** A development key: accepted from this machine only, not through a proxy, and never in production. */
  readonly loopbackOnly: boolean;
  /** The key's own limit instead of `limits.calls_per_second`. Default: it has none of its own; 0: no limit at all. */
  readonly callsPerSecond?: number;
  /** The same for `limits.max_concurrent_calls_per_key`. */
  readonly maxConcurrentCalls?: number;
}

/** How often a key was used since the last report, and when last. */
export interface KeyUse {
  readonly keyId: string;
  readonly count: number;
  readonly lastUsedAt: Date;
}

/**
 * What the server needs of whoever keeps the keys. The server caches what it is given for
 * `auth.key_lease_ms` and compares hashes itself, in constant time.
 */
export interface KeyStore {
  /** The keys with these ids that exist, in any order, revoked and expired ones included. */
  find(keyIds: readonly string[], signal?: AbortSignal): Promise<readonly StoredKey[]>;
  /** Adds to the use counts. A rejected promise means that nothing was added; the server reports again later. */
  addUses(uses: readonly KeyUse[]): Promise<void>;
}
