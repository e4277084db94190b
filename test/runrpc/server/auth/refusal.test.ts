import assert from "node:assert/strict";
import { test } from "node:test";
import type { StoredKey } from "../../../../src/runrpc/server/auth/key-store.ts";
import { refusalOf } from "../../../../src/runrpc/server/auth/refusal.ts";

const stored: StoredKey = {
  keyId: "rr_12345678",
  hash: new Uint8Array(32),
  subject: "ada",
  scopes: [],
  expiresAt: new Date(2_000),
  revokedAt: undefined,
  loopbackOnly: false,
};

test("a key is good up to the moment of its expiry, and refused from it on", () => {
  const expired = "this API key expired at 1970-01-01T00:00:02.000Z";
  assert.deepEqual(
    [1_999, 2_000, 2_001].map((now) => refusalOf(stored, now)),
    [undefined, expired, expired],
  );
});

test("a key that was revoked is refused at any time, also before its revocation by this clock", () => {
  for (const now of [0, 1_000, 3_000])
    assert.equal(refusalOf({ ...stored, revokedAt: new Date(1_000) }, now), "this API key was revoked");
});
