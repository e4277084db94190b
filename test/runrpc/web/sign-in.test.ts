import assert from "node:assert/strict";
import { it } from "node:test";
import { hashKey, parseKey } from "../../../src/runrpc/server/auth/format.ts";
import { createSignIn } from "../../../src/runrpc/web/sign-in.ts";
import { memoryStore } from "../server/auth/memory-store.ts";

it("a token is traded once, for a key that may do everything from this machine", async () => {
  const signIn = createSignIn(async () => "ada");
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
  const signIn = createSignIn(async () => "ada");
  for (const wrong of ["", "x", signIn.token.slice(1), `${signIn.token}x`])
    assert.equal(await signIn.trade(wrong), undefined);
  assert.notEqual(await signIn.trade(signIn.token), undefined);
});

it("two trades at once give one key", async () => {
  const signIn = createSignIn(async () => "ada");
  const keys = await Promise.all([signIn.trade(signIn.token), signIn.trade(signIn.token)]);
  assert.equal(keys.filter((key) => key !== undefined).length, 1);
});

it("a token is good again when there was nobody to make a key for", async () => {
  let isThere = false;
  const signIn = createSignIn(async () => {
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
  const signIn = createSignIn(async () => "ada");
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
