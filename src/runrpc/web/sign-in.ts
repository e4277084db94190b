import { createHmac, hash, timingSafeEqual } from "node:crypto";
import { keyFromBytes } from "../server/auth/format.ts";
import type { KeyStore, StoredKey } from "../server/auth/key-store.ts";

/** How a developer's browser gets a key without one being typed. */
export interface SignIn {
  /** A key for the token, once; undefined for any other text, and from the second time on. */
  trade(token: string): Promise<string | undefined>;
  /** These keys, and that of the page, which is kept nowhere else: it ends with the server. */
  keysOver(keys: KeyStore): KeyStore;
}

export interface SignInOptions {
  /** 256 random bits, of which token and key are made: processes that serve one port have the same. */
  readonly secret: Uint8Array;
  /** Who the key stands for; asked when the token is traded, and by each process that is shown the key. */
  readonly subject: () => Promise<string>;
  /** Uses the token up: true for the first who asks, of all processes. */
  readonly claim: () => boolean | Promise<boolean>;
}

/** For the fragment of a link, which no browser sends to a server. 256 bits. */
export function signInToken(secret: Uint8Array): string {
  return derived(secret, "token").toString("base64url");
}

/** Trades the token for a key that may do everything, from this machine alone: what the development key may. */
export function createSignIn({ secret, subject, claim }: SignInOptions): SignIn {
  const wanted = hash("sha256", signInToken(secret), "buffer");
  const { key, keyId, hash: keyHash } = keyFromBytes(derived(secret, "key id"), derived(secret, "key"));
  let stored: Promise<StoredKey> | undefined;

  async function make(): Promise<StoredKey> {
    return {
      keyId,
      hash: keyHash,
      subject: await subject(),
      scopes: ["*"],
      expiresAt: undefined,
      revokedAt: undefined,
      loopbackOnly: true,
    };
  }

  /** The same for all who ask at once: the account may have to be made. After a failure it is made again. */
  function own(): Promise<StoredKey> {
    stored ??= make().catch((reason: unknown) => {
      stored = undefined;
      throw reason;
    });
    return stored;
  }

  return {
    async trade(given) {
      if (!timingSafeEqual(hash("sha256", given, "buffer"), wanted)) return undefined;
      // Before the token is used up, which is good again where this fails; and one process alone makes the account.
      await own();
      return (await claim()) ? key : undefined;
    },
    keysOver: (keys) => ({
      async find(keyIds, signal) {
        if (!keyIds.includes(keyId)) return keys.find(keyIds, signal);
        const others = keyIds.filter((id) => id !== keyId);
        return others.length === 0 ? [await own()] : [await own(), ...(await keys.find(others, signal))];
      },
      async addUses(uses) {
        const others = uses.filter((use) => use.keyId !== keyId);
        if (others.length > 0) await keys.addUses(others);
      },
    }),
  };
}

function derived(secret: Uint8Array, what: string): Buffer<ArrayBuffer> {
  return createHmac("sha256", secret).update(what).digest();
}
