import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createKey } from "../../../../src/runrpc/server/auth/format.ts";
import { createHolds } from "../../../../src/runrpc/server/auth/hold.ts";
import { createLeases, type Leases } from "../../../../src/runrpc/server/auth/lease.ts";
import { idOf, listLog, memoryStore, settled } from "./memory-store.ts";

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const store = memoryStore();
  const log = listLog();
  const now = () => Date.now();
  const leases: Leases = createLeases({
    keys: store,
    keyLeaseMs: 500,
    now,
    log,
    onLease: (lease) => holds.judge(lease),
  });
  const holds = createHolds({ leases, keyLeaseMs: 500, now, log });
  const reasons: string[] = [];
  return {
    store,
    log,
    holds,
    reasons,
    /** Looks the key up, as a call does, and ties a call to it. */
    async open(key: string, name: string): Promise<() => void> {
      const { principal } = await leases.renew(idOf(key));
      assert.ok(principal);
      return holds.hold(principal, (reason) => reasons.push(`${name}: ${reason.message}`));
    },
    async pass(ms: number) {
      t.mock.timers.tick(ms);
      await settled();
    },
  };
}

test("the keys of open calls are looked up together, each within its lease", async (t) => {
  const { store, open, pass } = setUp(t);
  const keys = [store.add(), store.add(), store.add()];
  await Promise.all(keys.map((key) => open(key, "call")));
  store.finds.length = 0;
  for (let half = 0; half < 4; half += 1) await pass(250);
  assert.deepEqual(store.finds, Array(4).fill(keys.map(idOf)));
});

const ENDS = [
  ["revoked", { revokedAt: new Date(0) }, "this API key was revoked"],
  ["deleted", undefined, "this API key was deleted"],
  ["replaced under its id", { hash: createKey().hash }, "this API key was deleted"],
  ["expired in the table", { expiresAt: new Date(0) }, "this API key expired at 1970-01-01T00:00:00.000Z"],
] as const;
for (const [what, change, reason] of ENDS) {
  test(`when a key is ${what}, its open calls end within one lease, each once, and no others`, async (t) => {
    const { store, open, pass, reasons } = setUp(t);
    const key = store.add();
    await open(key, "one");
    await open(key, "two");
    await open(store.add(), "other");
    store.change(key, change);
    await pass(250);
    await pass(250);
    const expected = [`one: [unauthenticated] ${reason}`, `two: [unauthenticated] ${reason}`];
    assert.deepEqual(reasons, expected);
    await pass(1000);
    assert.deepEqual(reasons, expected);
  });
}

test("a call that was tied late in a lease ends within one lease, too", async (t) => {
  const { store, open, pass, reasons } = setUp(t);
  const key = store.add();
  await open(key, "early");
  await pass(240);
  await open(key, "late");
  store.change(key, { revokedAt: new Date(0) });
  await pass(260);
  await pass(240);
  assert.equal(reasons.length, 2);
});

test("a call ends when its key expires, even while the store does not answer", async (t) => {
  const { store, open, pass, reasons } = setUp(t);
  await open(store.add({ expiresAt: new Date(1_000_400) }), "call");
  store.answer = () => Promise.reject(new Error("gone"));
  await pass(250);
  assert.deepEqual(reasons, []);
  await pass(250);
  assert.equal(reasons.length, 1);
});

test("while the store fails open calls stay, and end when it answers that the key is revoked", async (t) => {
  const { store, log, open, pass, reasons } = setUp(t);
  const key = store.add();
  await open(key, "call");
  store.change(key, { revokedAt: new Date(0) });
  store.answer = () => Promise.reject(new Error("gone"));
  for (let half = 0; half < 8; half += 1) await pass(250);
  assert.deepEqual(reasons, []);
  assert.deepEqual(log.lines, ["error: the key store does not answer"]);
  store.answer = undefined;
  await pass(250);
  assert.equal(reasons.length, 1);
});

test("an untied call is not cancelled, and with the last one the look-ups and the timer stop", async (t) => {
  const { store, open, pass, reasons } = setUp(t);
  const key = store.add();
  const release = await open(key, "call");
  release();
  release();
  store.change(key, { revokedAt: new Date(0) });
  store.finds.length = 0;
  await pass(250);
  const armed = t.mock.method(globalThis, "setTimeout");
  for (let half = 0; half < 4; half += 1) await pass(250);
  assert.equal(armed.mock.callCount(), 0);
  assert.deepEqual(store.finds, []);
  assert.deepEqual(reasons, []);
});

test("a call that fails while it is cancelled does not keep the others from ending", async (t) => {
  const { store, holds, open, pass, reasons, log } = setUp(t);
  const key = store.add();
  holds.hold({ subject: "ann", keyId: idOf(key), scopes: [] }, () => {
    throw new Error("no");
  });
  await open(key, "call");
  store.change(key, { revokedAt: new Date(0) });
  await pass(250);
  await pass(250);
  assert.equal(reasons.length, 1);
  assert.deepEqual(log.lines, ["error: an open call could not be ended with its key"]);
});

test("after close nothing is looked up", async (t) => {
  const { store, holds, open, pass } = setUp(t);
  await open(store.add(), "call");
  holds.close();
  store.finds.length = 0;
  await pass(1000);
  assert.deepEqual(store.finds, []);
});

test("the timer of open calls does not keep the process alive", async (t) => {
  const { store, holds } = setUp(t);
  t.mock.timers.reset();
  holds.hold({ subject: "ann", keyId: idOf(store.add()), scopes: [] }, () => {});
  // Timers that are unref'd are not among the active resources.
  assert.deepEqual(
    process.getActiveResourcesInfo().filter((resource) => resource === "Timeout"),
    [],
  );
  holds.close();
});
