import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { StoredKey } from "../../../../src/runrpc/server/auth/key-store.ts";
import { createLeases, type LeaseOptions } from "../../../../src/runrpc/server/auth/lease.ts";
import { idOf, listLog, memoryStore, settled } from "./memory-store.ts";

function setUp(t: TestContext, changes: Partial<LeaseOptions> = {}) {
  const store = memoryStore();
  const clock = { now: 1000 };
  const leases = createLeases({
    keys: store,
    keyLeaseMs: 500,
    now: () => clock.now,
    log: listLog(),
    onLease() {},
    ...changes,
  });
  t.after(() => leases.close());
  return { store, clock, leases };
}

test("the look-ups of one tick are one find, and those of one key one id in it", async (t) => {
  const { store, leases } = setUp(t);
  const ids = [idOf(store.add()), idOf(store.add()), "rr_unknown_"];
  const found = await Promise.all([...ids, ...ids].map((id) => leases.renew(id)));
  assert.deepEqual(store.finds, [ids]);
  assert.deepEqual(
    found.slice(0, 3).map(({ stored }) => stored !== undefined),
    [true, true, false],
  );
});

test("a key whose row cannot be read is none, is told once, and costs the others of its question nothing", async (t) => {
  const log = listLog();
  const { store, leases } = setUp(t, { log });
  const good = store.add();
  const changes: readonly (readonly [Partial<Record<keyof StoredKey, unknown>>, RegExp])[] = [
    [{ scopes: undefined }, /its scopes are no list of texts$/],
    [{ scopes: "users.read" }, /its scopes/],
    [{ scopes: [7] }, /its scopes/],
    [{ expiresAt: new Date("never") }, /its expiry is no date$/],
    [{ expiresAt: "2027-01-01" }, /its expiry/],
    [{ revokedAt: new Date(Number.NaN) }, /its time of revocation is no date$/],
    [{ hash: "text" }, /its hash is no bytes$/],
    [{ callsPerSecond: -1 }, /its limits are no numbers from 0$/],
    [{ maxConcurrentCalls: "many" }, /its limits/],
  ];
  for (const [change, pattern] of changes) {
    const odd = store.add(change as Partial<StoredKey>);
    for (let round = 0; round < 2; round++) {
      const [oddLease, goodLease] = await Promise.all([leases.renew(idOf(odd)), leases.renew(idOf(good))]);
      assert.equal(oddLease.stored, undefined);
      assert.equal(goodLease.stored?.keyId, idOf(good));
    }
    assert.equal(log.lines.length, 1);
    assert.match(log.lines.splice(0)[0] ?? "", pattern);
    store.change(odd, { scopes: [], expiresAt: undefined, revokedAt: undefined, hash: new Uint8Array(32) });
  }
});

test("a look-up that is under way is joined", async (t) => {
  const { store, leases } = setUp(t);
  const id = idOf(store.add());
  const { promise, resolve } = Promise.withResolvers<readonly StoredKey[]>();
  store.answer = () => promise;
  const first = leases.renew(id);
  await settled();
  const second = leases.renew(id);
  await settled();
  assert.equal(store.finds.length, 1);
  resolve([]);
  assert.equal(await first, await second);
});

test("a look-up that is older than a lease is not joined", async (t) => {
  const { store, clock, leases } = setUp(t);
  const id = idOf(store.add());
  store.answer = () => new Promise(() => {});
  leases.renew(id).catch(() => {});
  await settled();
  clock.now += 500;
  store.answer = undefined;
  assert.equal((await leases.renew(id)).stored?.keyId, id);
});

test("a lease begins when the store is asked, not when it answers", async (t) => {
  const { store, clock, leases } = setUp(t);
  const id = idOf(store.add());
  const { promise, resolve } = Promise.withResolvers<readonly StoredKey[]>();
  store.answer = () => promise;
  const answer = leases.renew(id);
  await settled();
  clock.now += 400;
  resolve([]);
  const lease = await answer;
  assert.equal(lease.askedAt, 1000);
  assert.equal(leases.isFresh(lease, 1499), true);
  assert.equal(leases.isFresh(lease, 1500), false);
});

test("a clock that is set back ends a lease", async (t) => {
  const { store, leases } = setUp(t);
  const lease = await leases.renew(idOf(store.add()));
  assert.equal(leases.isFresh(lease, 999), false);
});

test("what the store says after a clock was set back is kept, and told", async (t) => {
  const told: boolean[] = [];
  const { store, clock, leases } = setUp(t, {
    onLease: ({ stored }) => told.push(stored?.revokedAt !== undefined),
  });
  const key = store.add();
  await leases.renew(idOf(key));
  clock.now -= 900;
  store.change(key, { revokedAt: new Date(0) });
  const lease = await leases.renew(idOf(key));
  assert.deepEqual(told, [false, true]);
  assert.equal(leases.get(idOf(key)), lease);
  assert.equal(leases.isFresh(lease, clock.now + 1), true);
});

test("an answer that comes late does not replace a later one", async (t) => {
  const { store, clock, leases } = setUp(t);
  const key = store.add();
  const { promise, resolve } = Promise.withResolvers<readonly StoredKey[]>();
  store.answer = () => promise;
  const early = leases.renew(idOf(key));
  await settled();
  clock.now += 500;
  store.answer = undefined;
  const late = await leases.renew(idOf(key));
  resolve([]);
  await early;
  assert.equal(leases.get(idOf(key)), late);
});

test("the oldest answer is dropped at the bound, and unknown ids push out no known key", async (t) => {
  const { store, leases } = setUp(t, { maxLeases: 2 });
  const ids = [idOf(store.add()), idOf(store.add()), idOf(store.add())];
  for (const id of ids) await leases.renew(id);
  for (let unknown = 0; unknown < 5; unknown += 1) await leases.renew(`rr_unknown${unknown}`);
  const kept = [...ids, "rr_unknown2", "rr_unknown3", "rr_unknown4"].filter((id) => leases.get(id));
  assert.deepEqual(kept, [ids[1], ids[2], "rr_unknown3", "rr_unknown4"]);
});

test("ids that were not asked for are not kept", async (t) => {
  const { store, leases } = setUp(t);
  const other = store.add();
  const [stored] = await store.find([idOf(other)]);
  assert.ok(stored);
  store.answer = async () => [stored];
  const lease = await leases.renew("rr_unknown1");
  assert.equal(lease.stored, undefined);
  assert.equal(leases.get(idOf(other)), undefined);
});

test("many ids travel in parts of a thousand", async (t) => {
  for (const [ids, parts] of [
    [1000, [1000]],
    [1001, [1000, 1]],
    [2500, [1000, 1000, 500]],
  ] as const) {
    const { store, leases } = setUp(t);
    await Promise.all(Array.from({ length: ids }, (_, at) => leases.renew(`rr_${at}`)));
    assert.deepEqual(
      store.finds.map(({ length }) => length),
      parts,
    );
  }
});

test("the answer to an old question leaves a newer one under way to be joined", async (t) => {
  const { store, clock, leases } = setUp(t);
  const id = idOf(store.add());
  const answers = [0, 1].map(() => Promise.withResolvers<readonly StoredKey[]>());
  store.answer = () => answers[store.finds.length - 1]?.promise ?? assert.fail("a third question");
  const old = leases.renew(id);
  await settled();
  clock.now += 500;
  const newer = leases.renew(id);
  await settled();
  answers[0]?.resolve([]);
  await old;
  const joined = leases.renew(id);
  await settled();
  answers[1]?.resolve([]);
  assert.equal(await joined, await newer);
  assert.equal(store.finds.length, 2);
});

test("a key that is gone is none from the next answer on, and one that came back is known again", async (t) => {
  const { store, leases } = setUp(t);
  const key = store.add();
  const [row] = await store.find([idOf(key)]);
  for (const answer of [[row], [], [row]] as (readonly StoredKey[])[]) {
    store.answer = async () => answer;
    await leases.renew(idOf(key));
    assert.equal(leases.get(idOf(key))?.stored, answer[0]);
  }
});

test("each outage of the store is told once, and its end", async (t) => {
  const log = listLog();
  const { store, leases } = setUp(t, { log });
  for (let outage = 0; outage < 2; outage++) {
    store.answer = () => Promise.reject(new Error("gone"));
    for (let call = 0; call < 2; call++) await assert.rejects(leases.renew("rr_unknown1"), /gone/);
    store.answer = undefined;
    for (let call = 0; call < 2; call++) await leases.renew("rr_unknown1");
  }
  const told = ["error: the key store does not answer", "info: the key store answers again"];
  assert.deepEqual(log.lines, [...told, ...told]);
});

test("the close gives up the look-ups that are under way, and has let go of those that have ended", async (t) => {
  const signals: (AbortSignal | undefined)[] = [];
  const store = memoryStore();
  const find: typeof store.find = (keyIds, signal) => {
    signals.push(signal);
    return store.find(keyIds);
  };
  const { leases } = setUp(t, { keys: { ...store, find } });
  await leases.renew("rr_unknown1");
  store.answer = () => new Promise(() => {});
  const open = leases.renew("rr_unknown2");
  await settled();
  leases.close();
  await assert.rejects(open, /the server is closing/);
  assert.deepEqual(
    signals.map((signal) => signal?.aborted),
    [false, true],
  );
});
