import { hash, randomBytes, timingSafeEqual } from "node:crypto";
import { createKey } from "../server/auth/format.ts";
import type { KeyStore, StoredKey } from "../server/auth/key-store.ts";

/** How a developer's browser gets a key without one being typed. */
export interface SignIn {
  /** For the fragment of a link, which no browser sends to a server. 256 random bits. */
  readonly token: string;
  /** A key for the token, once; undefined for any other text, and from the second time on. */
  trade(token: string): Promise<string | undefined>;
  /** These keys, and that of the page, which is kept nowhere else: it ends with the process. */
  keysOver(keys: KeyStore): KeyStore;
}

/**
 * Makes a token and, when it is traded, a key that may do everything, from this machine alone: what the development key may.
 *
 * @param subject who the key stands for, asked when the token is traded
 */
export function createSignIn(subject: () => Promise<string>): SignIn {
  const token = randomBytes(32).toString("base64url");
  const wanted = hash("sha256", token, "buffer");
  let isUsed = false;
  let stored: StoredKey | undefined;

  return {
    token,
    async trade(given) {
      if (isUsed || !timingSafeEqual(hash("sha256", given, "buffer"), wanted)) return undefined;
      isUsed = true;
      try {
        const { key, keyId, hash } = createKey();
        stored = {
          keyId,
          hash,
          subject: await subject(),
          scopes: ["*"],
          expiresAt: undefined,
          revokedAt: undefined,
          loopbackOnly: true,
        };
        return key;
      } catch (reason) {
        isUsed = false;
        throw reason;
      }
    },
    keysOver: (keys) => ({
      async find(keyIds, signal) {
        const own = keyIds.includes(stored?.keyId ?? "") ? stored : undefined;
        if (own === undefined) return keys.find(keyIds, signal);
        const others = keyIds.filter((id) => id !== own.keyId);
        return others.length === 0 ? [own] : [own, ...(await keys.find(others, signal))];
      },
      async addUses(uses) {
        const others = uses.filter(({ keyId }) => keyId !== stored?.keyId);
        if (others.length > 0) await keys.addUses(others);
      },
    }),
  };
}
