import { hash, randomBytes, randomInt, timingSafeEqual } from "node:crypto";

/** A key that was just made. `key` is shown once and kept by its owner; the table keeps the other two. */
export interface CreatedKey {
  readonly key: string;
  /** The visible prefix, such as `rr_4f7Kq2Zd`: the id to look the key up by. Not secret. */
  readonly keyId: string;
  /** SHA-256 of the whole key: 32 bytes. */
  readonly hash: Uint8Array;
}

/** Reads keys, and remembers the good ones. */
export interface KeyReader {
  /** The id within a key, as `parseKey` gives it. */
  idOf(key: string): string | undefined;
  /** Whether a key is the one with this hash; `undefined` is the hash of a key that does not exist. */
  matches(key: string, hash: Uint8Array | undefined): boolean;
}

const ID_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const ID_LENGTH = 11;
const SHAPE = /^rr_[0-9A-Za-z]{8}_[0-9A-Za-z_-]{43}$/;

/**
 * Makes a key: `rr_`, 8 letters and digits that identify it, `_`, and 32 random bytes in base64url.
 * Two keys may get one id (once in 2 x 10^14 pairs): the table must hold ids unique.
 */
export function createKey(): CreatedKey {
  let keyId = "rr_";
  while (keyId.length < ID_LENGTH) keyId += ID_ALPHABET.charAt(randomInt(ID_ALPHABET.length));
  return keyOf(keyId, randomBytes(32));
}

/** The key that these bytes always make: 8 of an id, and 32 of the secret. As unlike others as the bytes are. */
export function keyFromBytes(id: Uint8Array, secret: Uint8Array): CreatedKey {
  const letters = Array.from(id.subarray(0, 8), (byte) => ID_ALPHABET[byte % ID_ALPHABET.length]);
  return keyOf(`rr_${letters.join("")}`, secret);
}

function keyOf(keyId: string, secret: Uint8Array): CreatedKey {
  const key = `${keyId}_${Buffer.from(secret).toString("base64url")}`;
  return { key, keyId, hash: hashKey(key) };
}

/** The id within a key; undefined when the text is not shaped like a key. */
export function parseKey(text: string): { readonly keyId: string } | undefined {
  return SHAPE.test(text) ? { keyId: text.slice(0, ID_LENGTH) } : undefined;
}

/** The hash that the table keeps of a key. A key has 256 random bits, so that no salt or slow hash is needed. */
export function hashKey(key: string): Uint8Array {
  return hash("sha256", key, "buffer");
}

/** Keys that a reader remembers; past it, it forgets all of them and begins again. */
const MAX_REMEMBERED = 4_096;

/**
 * Makes a reader. It compares in constant time and does the same work for a key that does not exist, so that the time
 * tells nothing. It owns a buffer: one for each authenticator, not for concurrent threads.
 *
 * A key that matched is remembered with its id and the hash object that it matched, so that a busy key is taken apart
 * once, and hashed once for each lease rather than with each call. It is found by V8's seeded hash of the whole string:
 * what takes time does not depend on how much of a wrong key is right.
 */
export function createKeyReader(): KeyReader {
  const actual = Buffer.alloc(32);
  const nobody = randomBytes(32);
  const remembered = new Map<string, { readonly keyId: string; readonly hash: Uint8Array }>();
  const idOf = (key: string): string | undefined => remembered.get(key)?.keyId ?? parseKey(key)?.keyId;
  return {
    idOf,
    matches(key, expected) {
      if (expected !== undefined && remembered.get(key)?.hash === expected) return true;
      // The digest as a string, written into a buffer that is used again: a third of the time of a fresh buffer.
      actual.write(hash("sha256", key, "binary"), "binary");
      const exists = expected !== undefined && expected.length === actual.length;
      if (!timingSafeEqual(actual, exists ? expected : nobody) || !exists) return false;
      const keyId = idOf(key);
      if (remembered.size >= MAX_REMEMBERED) remembered.clear();
      if (keyId !== undefined) remembered.set(key, { keyId, hash: expected });
      return true;
    },
  };
}
