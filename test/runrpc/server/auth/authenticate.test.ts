import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { DurationSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type AuthenticatorOptions,
  createAuthenticator,
} from "../../../../src/runrpc/server/auth/authenticate.ts";
import { createKey } from "../../../../src/runrpc/server/auth/format.ts";
import { idOf, listLog, memoryStore, settled, spoiled } from "./memory-store.ts";

const PEER = "192.0.2.7";

function setUp(t: TestContext, changes: Partial<AuthenticatorOptions> = {}) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const store = memoryStore();
  const log = listLog();
  let now = 1_000_000;
  const authenticator = createAuthenticator({
    keys: store,
    keyLeaseMs: 500,
    maxFailures: 3,
    failureDelayMs: 1000,
    production: false,
    log,
    now: () => now,
    ...changes,
  });
  t.after(() => authenticator.close());
  return {
    store,
    log,
    authenticator,
    /** Lets time pass, for the clock and for the timers. */
    async pass(ms: number) {
      now += ms;
      t.mock.timers.tick(ms);
      await settled();
    },
    setClock(ms: number) {
      now = ms;
    },
    now: () => now,
    /** What comes of a call with this key: the user, or the code and the message. */
    async call(key: string, peer = PEER): Promise<string> {
      try {
        const principal = await authenticator.authenticate({ "x-api-key": key }, peer);
        return principal?.subject ?? "nobody";
      } catch (error) {
        return said(error);
      }
    },
    /** The same without a promise; "later" where there is one. */
    callNow(key: string, peer = PEER): string {
      try {
        const principal = authenticator.authenticate({ "x-api-key": key }, peer);
        if (principal instanceof Promise) {
          principal.catch(() => {});
          return "later";
        }
        return principal?.subject ?? "nobody";
      } catch (error) {
        return said(error);
      }
    },
  };
}

function said(error: unknown): string {
  assert.ok(error instanceof ConnectError, String(error));
  return error.message;
}

const UNKNOWN = "[unauthenticated] unknown API key";
const MALFORMED =
  "[unauthenticated] the API key is malformed: rr_, 8 letters or digits, _, and 43 characters are expected";

/** What the details of an error say about when to try again. */
function retryDelaysOf({ details }: ConnectError): unknown[] {
  return details.map((detail) => {
    assert.ok("type" in detail && detail.type === "google.rpc.RetryInfo");
    // Field 1 of google.rpc.RetryInfo is a Duration, behind its tag and its length.
    assert.deepEqual([...detail.value.subarray(0, 2)], [0x0a, detail.value.length - 2]);
    const { seconds, nanos } = fromBinary(DurationSchema, detail.value.subarray(2));
    return { seconds, nanos };
  });
}

test("a good key gives its owner, its id and its scopes", async (t) => {
  const { store, authenticator } = setUp(t);
  const key = store.add({ subject: "ann", scopes: ["users.*"] });
  const principal = await authenticator.authenticate({ authorization: `Bearer ${key}` }, PEER);
  assert.deepEqual(principal, { subject: "ann", keyId: idOf(key), scopes: ["users.*"] });
});

test("no key gives no principal, at once", (t) => {
  const { store, authenticator } = setUp(t);
  assert.equal(authenticator.authenticate({}, PEER), undefined);
  assert.deepEqual(store.finds, []);
});

test("what cannot be a key is refused at once and not looked up", (t) => {
  const { store, authenticator, callNow } = setUp(t, { maxFailures: 100 });
  const key = store.add();
  for (const text of ["", "secret", key.slice(0, -1), `${key}A`, "rr_short_key"]) {
    assert.match(callNow(text), /^\[unauthenticated\] the API key is (empty|malformed)/, text);
  }
  const both = { "x-api-key": key, authorization: `Bearer ${store.add()}` };
  assert.throws(() => authenticator.authenticate(both, PEER), { code: Code.Unauthenticated });
  assert.throws(() => authenticator.authenticate({ authorization: "Basic eDp5" }, PEER), {
    code: Code.Unauthenticated,
  });
  assert.deepEqual(store.finds, []);
});

test("a wrong secret and an unknown id are told alike", async (t) => {
  const { store, call } = setUp(t);
  const key = store.add();
  assert.equal(await call(spoiled(key)), UNKNOWN);
  assert.equal(await call(createKey().key), UNKNOWN);
  assert.equal(await call(key), "ann");
});

test("the holder of a revoked or expired key is told so, and only the holder", async (t) => {
  const { store, call, now } = setUp(t, { maxFailures: 100 });
  const revoked = store.add({ revokedAt: new Date(now()) });
  const expired = store.add({ expiresAt: new Date(now()) });
  assert.equal(await call(revoked), "[unauthenticated] this API key was revoked");
  assert.equal(
    await call(expired),
    `[unauthenticated] this API key expired at ${new Date(now()).toISOString()}`,
  );
  assert.equal(await call(spoiled(revoked)), UNKNOWN);
  assert.equal(await call(spoiled(expired)), UNKNOWN);
});

test("a key expires within its lease, to the millisecond", async (t) => {
  const { store, call, callNow, pass, now } = setUp(t);
  const key = store.add({ expiresAt: new Date(now() + 100) });
  assert.equal(await call(key), "ann");
  await pass(99);
  assert.equal(callNow(key), "ann");
  await pass(1);
  assert.match(callNow(key), /expired/);
});

test("within its lease a key is answered without a promise and without the store", async (t) => {
  const { store, call, callNow, pass } = setUp(t);
  const key = store.add();
  assert.equal(callNow(key), "later");
  await settled();
  assert.equal(callNow(key), "ann");
  await pass(249);
  assert.equal(callNow(key), "ann");
  assert.equal(store.finds.length, 1);
  assert.equal(await call(key), "ann");
});

test("after its lease a key is looked up again before it is trusted", async (t) => {
  const { store, call, callNow, pass } = setUp(t);
  const key = store.add();
  await call(key);
  store.change(key, { revokedAt: new Date() });
  await pass(500);
  assert.equal(callNow(key), "later");
  assert.match(await call(key), /revoked/);
});

test("a key that is in use is looked up again in the second half of its lease, and no call waits", async (t) => {
  const { store, call, callNow, pass } = setUp(t);
  const key = store.add();
  await call(key);
  for (let half = 0; half < 4; half += 1) {
    await pass(250);
    assert.equal(callNow(key), "ann");
    await settled();
  }
  assert.equal(store.finds.length, 5);
});

test("the principal carries what the last look-up said", async (t) => {
  const { store, authenticator, call, pass } = setUp(t);
  const key = store.add({ scopes: ["a"] });
  await call(key);
  store.change(key, { scopes: ["b"] });
  await pass(500);
  const principal = await authenticator.authenticate({ "x-api-key": key }, PEER);
  assert.deepEqual(principal?.scopes, ["b"]);
});

test("an unknown id is remembered for a lease, then asked for again", async (t) => {
  const { store, call, callNow, pass } = setUp(t, { maxFailures: 100 });
  const { key } = createKey();
  await call(key);
  assert.equal(callNow(key), UNKNOWN);
  assert.equal(store.finds.length, 1);
  await pass(500);
  await call(key);
  assert.equal(store.finds.length, 2);
});

const DEVELOPMENT_CASES: [peer: string, production: boolean, works: boolean][] = [
  ["127.0.0.1", false, true],
  ["::1", false, true],
  ["::ffff:127.0.0.1", false, true],
  ["192.0.2.7", false, false],
  ["::ffff:192.0.2.7", false, false],
  ["", false, false],
  ["127.0.0.1", true, false],
  ["192.0.2.7", true, false],
];
for (const [peer, production, works] of DEVELOPMENT_CASES) {
  const where = `from ${JSON.stringify(peer)} ${production ? "in production" : "in development"}`;
  test(`a development key is ${works ? "accepted" : "refused"} ${where}`, async (t) => {
    const { store, call } = setUp(t, { production });
    const key = store.add({ loopbackOnly: true });
    const answer = await call(key, peer);
    assert.match(answer, works ? /^ann$/ : /^\[unauthenticated\] this is a development key/);
    assert.equal(await call(key, peer), answer);
  });
}

test("while the store fails, a fresh key works, others get unavailable, and it is logged once", async (t) => {
  const { store, log, call, callNow, pass } = setUp(t);
  const fresh = store.add();
  const other = store.add();
  await call(fresh);
  store.answer = () => Promise.reject(new Error("connection refused to db.internal:5432"));
  const unavailable = "[unavailable] API keys cannot be checked at the moment: try again";
  assert.equal(await call(other), unavailable);
  assert.equal(await call(other), unavailable);
  assert.equal(callNow(fresh), "ann");
  await pass(500);
  assert.equal(await call(fresh), unavailable);
  assert.deepEqual(log.lines, ["error: the key store does not answer"]);
  store.answer = undefined;
  assert.equal(await call(other), "ann");
  assert.deepEqual(log.lines.slice(1), ["info: the key store answers again"]);
});

test("a store that throws at once, or answers nothing for 5 seconds, makes a call unavailable", async (t) => {
  const { store, call, pass } = setUp(t);
  const key = store.add();
  store.answer = () => {
    throw new Error("not open");
  };
  assert.match(await call(key), /^\[unavailable\]/);
  store.answer = () => new Promise(() => {});
  const answer = call(key);
  await settled();
  await pass(5000);
  assert.match(await answer, /^\[unavailable\]/);
});

test("after too many wrong keys, wrong ones are told when to come back, and a good one is let in", async (t) => {
  const { store, authenticator, call, callNow, pass } = setUp(t);
  const good = store.add();
  for (let failure = 0; failure < 3; failure += 1) assert.equal(await call(createKey().key), UNKNOWN);
  assert.throws(
    () => authenticator.authenticate({ "x-api-key": "malformed" }, PEER),
    (error: unknown) => {
      assert.ok(error instanceof ConnectError);
      assert.equal(error.code, Code.ResourceExhausted);
      assert.equal(error.metadata.get("retry-after"), "1");
      assert.deepEqual(retryDelaysOf(error), [{ seconds: 1n, nanos: 0 }]);
      return true;
    },
  );
  assert.match(await call(createKey().key), /^\[resource_exhausted\]/);
  assert.match(await call(spoiled(good)), /^\[resource_exhausted\]/);
  assert.equal(await call(good), "ann");
  assert.equal(callNow(good), "ann");
  await pass(1000);
  assert.equal(callNow("malformed"), MALFORMED);
});

test("a failure after the refusal doubles it", async (t) => {
  const { call, pass } = setUp(t);
  for (let failure = 0; failure < 3; failure += 1) await call(createKey().key);
  await pass(1000);
  assert.equal(await call(createKey().key), UNKNOWN);
  await pass(1999);
  assert.match(await call(createKey().key), /try again in 1 s/);
  await pass(1);
  assert.equal(await call(createKey().key), UNKNOWN);
});

test("malformed, unknown and wrong keys count alike, and good and revoked ones do not", async (t) => {
  const { store, call } = setUp(t);
  const revoked = store.add({ revokedAt: new Date(0) });
  for (let turn = 0; turn < 9; turn += 1) assert.match(await call(revoked), /revoked/);
  await call("malformed");
  await call(spoiled(store.add()));
  await call(createKey().key);
  assert.match(await call(createKey().key), /^\[resource_exhausted\]/);
  assert.match(await call(revoked), /revoked/);
});

test("a key is good or told why not, whatever others send, after its lease as well", async (t) => {
  const { store, call, callNow, pass } = setUp(t, { failureDelayMs: 60_000, lookupsPerSecond: 1 });
  const good = store.add();
  assert.equal(await call(good), "ann");
  for (let failure = 0; failure < 3; failure += 1) {
    await call(createKey().key);
    await pass(1000);
  }
  assert.equal(await call(good), "ann");
  assert.equal(callNow(good), "ann");
  // The one turn of this second is taken.
  void call(spoiled(good));
  await pass(500);
  assert.equal(await call(good), "ann");
  store.change(good, { revokedAt: new Date() });
  await pass(500);
  assert.equal(await call(good), "[unauthenticated] this API key was revoked");
});

test("an unknown key and a wrong one take the same look-ups, in whatever state the id is", async (t) => {
  const { store, callNow, pass } = setUp(t, { maxFailures: 100 });
  const key = store.add();
  const kinds = { unknown: () => createKey().key, wrong: () => idOf(key) + createKey().key.slice(11) };
  const told: Record<string, unknown[]> = { unknown: [], wrong: [] };
  for (const [kind, make] of Object.entries(kinds)) {
    for (const isLeased of [false, true]) {
      await pass(500);
      if (isLeased) {
        callNow(key);
        await settled();
      }
      const finds = store.finds.length;
      const wrong = make();
      const answers = [callNow(wrong)];
      await settled();
      answers.push(callNow(wrong));
      await pass(499);
      answers.push(callNow(wrong));
      await pass(1);
      answers.push(callNow(wrong));
      await settled();
      told[kind]?.push(
        answers,
        store.finds.slice(finds).map((ids) => ids.map((id) => id === idOf(wrong))),
      );
    }
  }
  assert.deepEqual(told.wrong, told.unknown);
  assert.deepEqual(told.wrong?.[0], ["later", UNKNOWN, UNKNOWN, "later"]);
  assert.deepEqual(told.wrong?.[1], [[true], [true]]);
});

test("every accepted call is counted, and no refused one", async (t) => {
  const { store, authenticator, call, callNow, now } = setUp(t);
  const key = store.add();
  await call(key);
  for (let use = 0; use < 41; use += 1) assert.equal(callNow(key), "ann");
  await call(spoiled(key));
  await authenticator.close();
  assert.deepEqual(store.uses, [{ keyId: idOf(key), count: 42, lastUsedAt: new Date(now()) }]);
});

test("close refuses look-ups under way and later ones as unavailable", async (t) => {
  const { store, log, authenticator, call } = setUp(t);
  const key = store.add();
  store.answer = () => new Promise(() => {});
  const answer = call(key);
  await settled();
  await authenticator.close();
  assert.match(await answer, /^\[unavailable\]/);
  assert.match(await call(key), /^\[unavailable\]/);
  assert.deepEqual(log.lines, []);
});

test("an open call is cancelled once when its key is revoked, and an untied one is not", async (t) => {
  const { store, authenticator, pass } = setUp(t);
  const key = store.add();
  const principal = await authenticator.authenticate({ "x-api-key": key }, PEER);
  assert.ok(principal);
  const reasons: string[] = [];
  authenticator.hold(principal, (reason) => reasons.push(reason.message));
  authenticator.hold(principal, () => reasons.push("untied"))();
  store.change(key, { revokedAt: new Date() });
  for (let turn = 0; turn < 4; turn += 1) await pass(250);
  assert.deepEqual(reasons, ["[unauthenticated] this API key was revoked"]);
});
