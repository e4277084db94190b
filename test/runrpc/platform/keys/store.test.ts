import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import Database from "better-sqlite3";
import { createKeyStore } from "../../../../src/runrpc/platform/keys/store.ts";
import { openTestStore, type TestStore } from "../fixture.ts";

let db: TestStore;
const subject = "ada";
const at = new Date(1_700_000_000_000);
const hash = new Uint8Array(createHash("sha256").update("secret").digest());

before(async () => {
  db = await openTestStore();
});

after(() => db[Symbol.asyncDispose]());

async function createKey(keyId: string, expireTime: Date | null = null): Promise<void> {
  const key = { keyId, hash, subject, label: "ci", scopes: ["users.*", "chat"], at, expireTime };
  await db.queries.runrpcKeys.createKey(key);
}

async function find(keyId: string) {
  const [key] = await createKeyStore(db.queries.runrpcKeys).find([keyId]);
  assert.ok(key);
  return key;
}

test("the key store finds the keys that exist, with hash, scopes and dates as they were stored", async () => {
  const expiresAt = new Date(1_800_000_000_123);
  await createKey("rr_one", expiresAt);
  const found = await createKeyStore(db.queries.runrpcKeys).find(["rr_none", "rr_one"]);
  const rest = { subject, scopes: ["users.*", "chat"], expiresAt, revokedAt: undefined, loopbackOnly: false };
  // Bytes are a Buffer where they crossed no thread.
  const plain = found.map((key) => ({ ...key, hash: new Uint8Array(key.hash) }));
  assert.deepEqual(plain, [{ keyId: "rr_one", hash, ...rest }]);
});

// On Postgres they are jsonb, which takes nothing else.
if (process.env.RUNRPC_TEST_DATABASE === undefined) {
  test("a key whose scopes or hash cannot be read has no scopes, and the others that are asked for with it have theirs", async (t) => {
    const client = new Database(db.store.database);
    t.after(() => client.exec("DELETE FROM keys WHERE key_id LIKE 'rr_edited%'").close());
    for (const keyId of ["rr_edited", "rr_edited_hash", "rr_whole"]) await createKey(keyId);
    client.exec("UPDATE keys SET scopes = 'users.read' WHERE key_id = 'rr_edited'");
    client.exec("UPDATE keys SET hash = 5 WHERE key_id = 'rr_edited_hash'");
    const keyIds = ["rr_edited", "rr_edited_hash", "rr_whole"];
    const found = await createKeyStore(db.queries.runrpcKeys).find(keyIds);
    assert.deepEqual(
      found.map(({ keyId, scopes }) => [keyId, scopes]),
      [
        ["rr_edited", undefined],
        ["rr_edited_hash", undefined],
        ["rr_whole", ["users.*", "chat"]],
      ],
    );
  });
}

test("a key id that is taken is already_exists", async () => {
  await createKey("rr_twice");
  await assert.rejects(createKey("rr_twice"), { code: "already_exists" });
});

test("uses add up, also for keys that were reported together with unknown ones", async () => {
  await createKey("rr_used");
  const store = createKeyStore(db.queries.runrpcKeys);
  const lastUsedAt = new Date(1_700_000_001_000);
  await store.addUses([{ keyId: "rr_used", count: 3, lastUsedAt: at }]);
  await store.addUses([
    { keyId: "rr_none", count: 1, lastUsedAt },
    { keyId: "rr_used", count: 4, lastUsedAt },
  ]);
  const key = (await db.queries.runrpcKeys.listKeys({ subject })).find(({ keyId }) => keyId === "rr_used");
  assert.deepEqual([key?.useCount, key?.lastUseTime], [7, lastUsedAt]);
  assert.equal(Object.hasOwn(key ?? {}, "hash"), false);
});

test("a key that is revoked twice keeps its first time", async () => {
  await createKey("rr_revoked");
  await db.queries.runrpcKeys.revokeKey({ keyId: "rr_revoked", at });
  await db.queries.runrpcKeys.revokeKey({ keyId: "rr_revoked", at: new Date() });
  assert.deepEqual((await find("rr_revoked")).revokedAt, at);
  await assert.rejects(db.queries.runrpcKeys.revokeKey({ keyId: "rr_none", at }), { code: "not_found" });
});

test("a rotated key hands owner, label, scopes and expiry on, and is revoked", async () => {
  const expireTime = new Date(1_900_000_000_000);
  await createKey("rr_old", expireTime);
  const replacement = { keyId: "rr_new", hash: new Uint8Array(32) };
  const rotated = await db.queries.runrpcKeys.rotateKey({
    keyId: "rr_old",
    replacement,
    at,
    graceUntil: null,
  });
  assert.deepEqual((await find("rr_old")).revokedAt, at);
  const { old } = rotated;
  assert.deepEqual(rotated.replacement, { ...old, keyId: "rr_new", revokeTime: null });
  const again = { keyId: "rr_old", replacement: { ...replacement, keyId: "rr_x" }, at, graceUntil: null };
  await assert.rejects(db.queries.runrpcKeys.rotateKey(again), { code: "failed_precondition" });
});

for (const [title, expireTime, expected] of [
  ["never expires", null, 2_000],
  ["expires later", new Date(at.getTime() + 9_000), 2_000],
  ["expires sooner", new Date(at.getTime() + 1_000), 1_000],
] as const) {
  test(`a key that ${title} goes on for the grace of its rotation, and no longer than it would`, async () => {
    const keyId = `rr_grace_${title}`;
    await createKey(keyId, expireTime);
    const replacement = { keyId: `${keyId}_new`, hash };
    await db.queries.runrpcKeys.rotateKey({
      keyId,
      replacement,
      at,
      graceUntil: new Date(at.getTime() + 2_000),
    });
    const old = await find(keyId);
    assert.deepEqual([old.revokedAt, Number(old.expiresAt) - at.getTime()], [undefined, expected]);
    assert.deepEqual((await find(`${keyId}_new`)).expiresAt, expireTime ?? undefined);
  });
}
