import assert from "node:assert/strict";
import { it } from "node:test";
import { createSignInSecret } from "../../../src/runrpc/app/app-page.ts";
import { hashKey, parseKey } from "../../../src/runrpc/server/auth/format.ts";
import { createSignIn, signInToken } from "../../../src/runrpc/web/sign-in.ts";
import { memoryStore } from "../server/auth/memory-store.ts";

/** The sign-in of a server; `another` is that of another process of it. */
function signInOf(subject: () => Promise<string>) {
  const { secret, claim } = createSignInSecret();
  const token = signInToken(secret);
  return {
    token,
    another: () => createSignIn({ secret, subject, claim }),
    ...createSignIn({ secret, subject, claim }),
  };
}

it("a token is traded once, for a key that may do everything from this machine", async () => {
  const signIn = signInOf(async () => "ada");
  assert.equal(Buffer.from(signIn.token, "base64url").length, 32);
  const key = (await signIn.trade(signIn.token)) ?? "";
  assert.equal(await signIn.trade(signIn.token), undefined);
  const { keyId = "" } = parseKey(key) ?? {};
  const [found] = await signIn.keysOver(memoryStore()).find([keyId]);
  assert.deepEqual(found, {
    keyId,
    hash: hashKey(key),
    subject: "ada",
    scopes: ["*"],
    expiresAt: undefined,
    revokedAt: undefined,
    loopbackOnly: true,
  });
});

it("another token is none, and leaves the right one good", async () => {
  const signIn = signInOf(async () => "ada");
  for (const wrong of ["", "x", signIn.token.slice(1), `${signIn.token}x`])
    assert.equal(await signIn.trade(wrong), undefined);
  assert.notEqual(await signIn.trade(signIn.token), undefined);
});

it("two trades at once give one key", async () => {
  const signIn = signInOf(async () => "ada");
  const keys = await Promise.all([signIn.trade(signIn.token), signIn.trade(signIn.token)]);
  assert.equal(keys.filter((key) => key !== undefined).length, 1);
});

it("all processes of a server know the key, and one token is traded once among them", async () => {
  const signIn = signInOf(async () => "ada");
  const another = signIn.another();
  const key = (await another.trade(signIn.token)) ?? "";
  assert.equal(await signIn.trade(signIn.token), undefined);
  const { keyId = "" } = parseKey(key) ?? {};
  const [found] = await signIn.keysOver(memoryStore()).find([keyId]);
  assert.deepEqual([found?.keyId, found?.hash, found?.subject], [keyId, hashKey(key), "ada"]);
});

it("tokens and keys of two servers are not alike", async () => {
  const [one, other] = [signInOf(async () => "ada"), signInOf(async () => "ada")];
  assert.notEqual(one.token, other.token);
  const [key = "", otherKey = ""] = [await one.trade(one.token), await other.trade(other.token)];
  const parts = [one.token, other.token, key.slice(12), otherKey.slice(12)];
  assert.equal(new Set(parts).size, 4);
  assert.notEqual(parseKey(key)?.keyId, parseKey(otherKey)?.keyId);
});

it("a token is good again when there was nobody to make a key for", async () => {
  let isThere = false;
  const signIn = signInOf(async () => {
    if (!isThere) throw new Error("no database");
    return "ada";
  });
  await assert.rejects(signIn.trade(signIn.token), /no database/);
  isThere = true;
  assert.notEqual(await signIn.trade(signIn.token), undefined);
});

it("other keys are found and counted as ever, and that of the page is not counted", async () => {
  const store = memoryStore();
  const counted: string[] = [];
  const signIn = signInOf(async () => "ada");
  const keys = signIn.keysOver({
    ...store,
    addUses: async (uses) => void counted.push(...uses.map(({ keyId }) => keyId)),
  });
  const { keyId: other = "" } = parseKey(store.add({ scopes: ["*"] })) ?? {};
  const { keyId: own = "" } = parseKey((await signIn.trade(signIn.token)) ?? "") ?? {};
  const found = await keys.find([other, own]);
  assert.deepEqual(found.map(({ keyId }) => keyId).sort(), [other, own].sort());
  const use = { count: 1, lastUsedAt: new Date() };
  await keys.addUses([{ keyId: own, ...use }]);
  await keys.addUses([
    { keyId: other, ...use },
    { keyId: own, ...use },
  ]);
  assert.deepEqual(counted, [other]);
});
