import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { createKey, createKeyReader, hashKey, parseKey } from "../../../../src/runrpc/server/auth/format.ts";

test("a key is rr_, 8 letters or digits, _ and 32 bytes in base64url", () => {
  const { key, keyId } = createKey();
  assert.match(key, /^rr_[0-9A-Za-z]{8}_[0-9A-Za-z_-]{43}$/);
  assert.equal(keyId, key.slice(0, 11));
  assert.equal(Buffer.from(key.slice(12), "base64url").length, 32);
  assert.deepEqual(parseKey(key), { keyId });
});

test("no two keys are the same", () => {
  const keys = Array.from({ length: 1000 }, createKey);
  assert.equal(new Set(keys.map(({ key }) => key)).size, 1000);
  assert.equal(new Set(keys.map(({ keyId }) => keyId)).size, 1000);
});

test("the hash is the SHA-256 of the whole key", () => {
  const { key, hash } = createKey();
  assert.deepEqual(Buffer.from(hash), createHash("sha256").update(key).digest());
  assert.deepEqual(hashKey(key), hash);
});

test("text of another shape is no key", () => {
  const { key } = createKey();
  for (const text of [
    "",
    "rr_",
    key.slice(0, -1),
    `${key}A`,
    ` ${key}`,
    `${key}\n`,
    `rx${key.slice(2)}`,
    key.replace("_", "-"),
    `rr_abc-efgh${key.slice(11)}`,
    `${key.slice(0, 20)}+${key.slice(21)}`,
    `${key.slice(0, 20)}é${key.slice(21)}`,
  ]) {
    assert.equal(parseKey(text), undefined, JSON.stringify(text));
  }
});

test("a reader accepts the key of the hash and no other, whatever it compared before", () => {
  const { matches } = createKeyReader();
  const one = createKey();
  const two = createKey();
  assert.equal(matches(one.key, one.hash), true);
  assert.equal(matches(two.key, one.hash), false);
  assert.equal(matches(one.key, two.hash), false);
  assert.equal(matches(two.key, two.hash), true);
});

test("a reader accepts nothing for a key that does not exist or a hash of another length", () => {
  const { matches } = createKeyReader();
  const { key, hash } = createKey();
  assert.equal(matches(key, undefined), false);
  assert.equal(matches(key, new Uint8Array(0)), false);
  assert.equal(matches(key, hash.subarray(0, 31)), false);
  assert.equal(matches(key, Buffer.concat([hash, hash])), false);
});

test("a key that matched before matches the same hash only, also when thousands were in between", () => {
  const { matches } = createKeyReader();
  const { key, hash } = createKey();
  const other = createKey();
  assert.equal(matches(key, hash), true);
  assert.deepEqual(
    [matches(key, other.hash), matches(other.key, hash), matches(key, undefined)],
    [false, false, false],
  );
  for (let count = 0; count < 5_000; count++) {
    const between = createKey();
    assert.equal(matches(between.key, between.hash), true);
  }
  assert.deepEqual([matches(key, hash), matches(key, Uint8Array.from(hash))], [true, true]);
});

test("a reader tells the id of every key, whether it remembers it or not, and of nothing else", () => {
  const { idOf, matches } = createKeyReader();
  const { key, keyId, hash } = createKey();
  assert.deepEqual([idOf(key), matches(key, hash), idOf(key)], [keyId, true, keyId]);
  assert.deepEqual([idOf(`${key}A`), idOf("")], [undefined, undefined]);
});
