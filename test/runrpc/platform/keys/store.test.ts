import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { createKeyStore } from "../../../../src/runrpc/platform/keys/store.ts";
import { developmentKey, developmentUser } from "../../../../src/services/development.ts";
import { addUser, openTestStore, type TestStore } from "../../../services/fixture.ts";

let db: TestStore;
let userId: string;
const at = new Date(1_700_000_000_000);
const hash = new Uint8Array(createHash("sha256").update("secret").digest());

before(async () => {
  db = await openTestStore();
  userId = await addUser(db.queries);
});

after(() => db[Symbol.asyncDispose]());

async function createKey(keyId: string, expireTime: Date | null = null): Promise<void> {
  const key = { keyId, hash, userId, label: "ci", scopes: ["users.*", "chat"], at, expireTime };
  await db.queries.keys.createKey(key);
}

async function find(keyId: string) {
  const [key] = await createKeyStore(db.queries.keys).find([keyId]);
  assert.ok(key);
  return key;
}

test("the key store finds the keys that exist, with hash, scopes and dates as they were stored", async () => {
  const expiresAt = new Date(1_800_000_000_123);
  await createKey("rr_one", expiresAt);
  const found = await createKeyStore(db.queries.keys).find(["rr_none", "rr_one"]);
  const rest = { userId, scopes: ["users.*", "chat"], expiresAt, revokedAt: undefined, loopbackOnly: false };
  assert.deepEqual(found, [{ keyId: "rr_one", hash, ...rest }]);
});

test("a key id that is taken is already_exists", async () => {
  await createKey("rr_twice");
  await assert.rejects(createKey("rr_twice"), { code: "already_exists" });
});

test("a key for a user who does not exist is failed_precondition", async () => {
  const key = { keyId: "rr_orphan", hash, userId: "nobody", label: "", scopes: [], at, expireTime: null };
  await assert.rejects(db.queries.keys.createKey(key), { code: "failed_precondition" });
});

test("uses add up, also for keys that were reported together with unknown ones", async () => {
  await createKey("rr_used");
  const store = createKeyStore(db.queries.keys);
  const lastUsedAt = new Date(1_700_000_001_000);
  await store.addUses([{ keyId: "rr_used", count: 3, lastUsedAt: at }]);
  await store.addUses([
    { keyId: "rr_none", count: 1, lastUsedAt },
    { keyId: "rr_used", count: 4, lastUsedAt },
  ]);
  const key = (await db.queries.keys.listKeys({ userId })).find(({ keyId }) => keyId === "rr_used");
  assert.deepEqual([key?.useCount, key?.lastUseTime], [7, lastUsedAt]);
  assert.equal(Object.hasOwn(key ?? {}, "hash"), false);
});

test("a key that is revoked twice keeps its first time", async () => {
  await createKey("rr_revoked");
  await db.queries.keys.revokeKey({ keyId: "rr_revoked", at });
  await db.queries.keys.revokeKey({ keyId: "rr_revoked", at: new Date() });
  assert.deepEqual((await find("rr_revoked")).revokedAt, at);
  await assert.rejects(db.queries.keys.revokeKey({ keyId: "rr_none", at }), { code: "not_found" });
});

test("a rotated key hands owner, label, scopes and expiry on, and is revoked", async () => {
  const expireTime = new Date(1_900_000_000_000);
  await createKey("rr_old", expireTime);
  const replacement = { keyId: "rr_new", hash: new Uint8Array(32) };
  const rotated = await db.queries.keys.rotateKey({ keyId: "rr_old", replacement, at, graceUntil: null });
  assert.deepEqual((await find("rr_old")).revokedAt, at);
  const { old } = rotated;
  assert.deepEqual(rotated.replacement, { ...old, keyId: "rr_new", revokeTime: null });
  const again = { keyId: "rr_old", replacement: { ...replacement, keyId: "rr_x" }, at, graceUntil: null };
  await assert.rejects(db.queries.keys.rotateKey(again), { code: "failed_precondition" });
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
    await db.queries.keys.rotateKey({ keyId, replacement, at, graceUntil: new Date(at.getTime() + 2_000) });
    const old = await find(keyId);
    assert.deepEqual([old.revokedAt, Number(old.expiresAt) - at.getTime()], [undefined, expected]);
    assert.deepEqual((await find(`${keyId}_new`)).expiresAt, expireTime ?? undefined);
  });
}

test("a database is given its development user and key once, both or neither", async () => {
  await db.queries.bootstrap.bootstrap({ keyId: "rr_dev", hash, at });
  const key = await find("rr_dev");
  assert.deepEqual(
    [key.userId, key.scopes, key.loopbackOnly],
    [developmentUser.id, [...developmentKey.scopes], true],
  );
  await assert.rejects(db.queries.bootstrap.bootstrap({ keyId: "rr_dev2", hash, at }), {
    code: "already_exists",
  });
  assert.deepEqual(await createKeyStore(db.queries.keys).find(["rr_dev2"]), []);
  await db.queries.users.deleteUser({ id: developmentUser.id });
  await createKey("rr_dev3");
  const taken = db.queries.bootstrap.bootstrap({ keyId: "rr_dev3", hash, at });
  await assert.rejects(taken, { code: "already_exists" });
  assert.equal(await db.queries.users.findUserByEmail({ email: "DEV@localhost" }), undefined);
});
