import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import Database from "better-sqlite3";
import { createKeyAdmin, type KeyAdmin } from "../../../../src/runrpc/platform/keys/admin.ts";
import { openTestStore, type TestStore } from "../fixture.ts";

let db: TestStore;
let admin: KeyAdmin;
const find = async (user: string): Promise<string> => user;

before(async () => {
  db = await openTestStore();
  admin = createKeyAdmin(db.queries.runrpcKeys, { find, create: find });
});

after(() => db[Symbol.asyncDispose]());

function makeKey(user = "ada", keys = admin) {
  return keys.create({ user, name: "ci", scopes: ["users.*"], expiresAt: undefined });
}

// Postgres lets nobody write such values.
if (process.env.RUNRPC_TEST_DATABASE === undefined)
  for (const [change, fault, rotates] of [
    ["scopes = 'users.read'", "scopes is no list of texts", false],
    [`scopes = '"users.read"'`, "scopes is no list of texts", false],
    ["scopes = '[1]'", "scopes is no list of texts", false],
    ["expire_time = 'tomorrow'", "expireTime is no time", false],
    ["revoke_time = 9e18", "revokeTime is no time", false],
    [
      "create_time = 'once', use_count = 'many'",
      "createTime is no time, useCount is no whole number from 0",
      true,
    ],
    ["calls_per_second = -1", "callsPerSecond is no number from 0 to 2147483647", true],
    ["max_concurrent_calls = 2147483648", "maxConcurrentCalls is no number from 0 to 2147483647", true],
    ["label = x'00'", "label is no text", true],
    ["hash = 5", undefined, true],
  ] as const)
    test(`a key with ${change} costs the list no other key, and can be revoked`, async () => {
      const { keyId } = await makeKey();
      const { keyId: whole } = await makeKey();
      const client = new Database(db.store.database);
      client.prepare(`UPDATE keys SET ${change} WHERE key_id = ?`).run(keyId);
      client.close();
      const faultOf = async (id: string) => (await admin.list()).find((key) => key.keyId === id)?.fault;
      assert.deepEqual([await faultOf(whole), await faultOf(keyId)], [undefined, fault]);
      if (!rotates)
        await assert.rejects(admin.rotate(keyId, { graceMs: 1_000 }), { code: "failed_precondition" });
      const { revokedAt } = await admin.revoke(keyId);
      assert.ok(revokedAt !== undefined && Math.abs(Date.now() - revokedAt.getTime()) < 3_600_000);
    });

test("accounts that fail cost nobody a key that was just made, nor the list", async () => {
  const failing = createKeyAdmin(db.queries.runrpcKeys, {
    find,
    create: find,
    name: () => Promise.reject(new Error("the accounts are away")),
  });
  const { key, keyId, subjectName } = await makeKey("eve", failing);
  assert.deepEqual([key.slice(0, keyId.length), subjectName], [keyId, undefined]);
  const listed = (await failing.list()).find((one) => one.keyId === keyId);
  assert.deepEqual([listed?.subject, listed?.subjectName], ["eve", undefined]);
});
