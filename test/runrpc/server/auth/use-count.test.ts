import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { createUseCounter } from "../../../../src/runrpc/server/auth/use-count.ts";
import { listLog, memoryStore, settled } from "./memory-store.ts";

function setUp(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const keys = memoryStore();
  const log = listLog();
  const counter = createUseCounter({ keys, log });
  /** Lets one report interval pass. */
  const interval = async () => {
    t.mock.timers.tick(1000);
    await settled();
  };
  return { keys, log, counter, interval };
}

test("uses are reported once a second, one entry for each key", async (t) => {
  const { keys, counter, interval } = setUp(t);
  counter.add("rr_a", 10);
  counter.add("rr_b", 20);
  counter.add("rr_a", 30);
  assert.deepEqual(keys.uses, []);
  await interval();
  assert.deepEqual(keys.uses, [
    { keyId: "rr_a", count: 2, lastUsedAt: new Date(30) },
    { keyId: "rr_b", count: 1, lastUsedAt: new Date(20) },
  ]);
  await interval();
  assert.equal(keys.uses.length, 2);
});

test("a report that failed is kept and sent with the next, counted once, logged once", async (t) => {
  const { keys, log, counter, interval } = setUp(t);
  keys.reportError = new Error("the disk is full");
  counter.add("rr_a", 10);
  await interval();
  counter.add("rr_a", 20);
  await interval();
  assert.deepEqual(keys.uses, []);
  keys.reportError = undefined;
  await interval();
  await interval();
  assert.deepEqual(keys.uses, [{ keyId: "rr_a", count: 2, lastUsedAt: new Date(20) }]);
  assert.deepEqual(log.lines, [
    "warn: use counts of API keys cannot be reported: kept for later",
    "info: use counts of API keys are reported again",
  ]);
});

test("a use during a report is neither lost nor counted twice, and no second report begins meanwhile", async (t) => {
  const { keys, counter, interval } = setUp(t);
  const { promise, reject } = Promise.withResolvers<void>();
  const addUses = keys.addUses;
  let reports = 0;
  keys.addUses = () => {
    reports += 1;
    return promise;
  };
  counter.add("rr_a", 10);
  await interval();
  counter.add("rr_a", 20);
  await interval();
  assert.equal(reports, 1);
  keys.addUses = addUses;
  reject(new Error("the connection broke"));
  await settled();
  await interval();
  assert.deepEqual(keys.uses, [{ keyId: "rr_a", count: 2, lastUsedAt: new Date(20) }]);
});

test("close reports what is left", async (t) => {
  const { keys, counter } = setUp(t);
  counter.add("rr_a", 10);
  await counter.close();
  assert.deepEqual(keys.uses, [{ keyId: "rr_a", count: 1, lastUsedAt: new Date(10) }]);
});

test("close waits for the report under way, does not repeat it, and reports what came since", async (t) => {
  const { keys, counter, interval } = setUp(t);
  const { promise, resolve } = Promise.withResolvers<void>();
  const addUses = keys.addUses;
  keys.addUses = async (uses) => {
    await promise;
    await addUses(uses);
  };
  counter.add("rr_a", 10);
  await interval();
  counter.add("rr_b", 20);
  const closed = counter.close();
  resolve();
  await closed;
  assert.deepEqual(keys.uses, [
    { keyId: "rr_a", count: 1, lastUsedAt: new Date(10) },
    { keyId: "rr_b", count: 1, lastUsedAt: new Date(20) },
  ]);
});

test("close says what is lost when the store fails, and when it does not answer within 5 seconds", async (t) => {
  const { keys, log, counter } = setUp(t);
  keys.reportError = new Error("gone");
  counter.add("rr_a", 10);
  await counter.close();
  assert.equal(log.lines.at(-1), "error: use counts of API keys are lost");

  const late = listLog();
  const silent = createUseCounter({ keys: { addUses: () => new Promise(() => {}) }, log: late });
  silent.add("rr_a", 10);
  const closed = silent.close();
  t.mock.timers.tick(5000);
  await closed;
  assert.deepEqual(late.lines, ["error: use counts of API keys are lost"]);
});

test("many keys are reported in parts of a thousand", async (t) => {
  const { keys, counter } = setUp(t);
  const sizes: number[] = [];
  keys.addUses = async (uses) => {
    sizes.push(uses.length);
  };
  for (let key = 0; key < 2500; key += 1) counter.add(`rr_${key}`, 10);
  await counter.close();
  assert.deepEqual(sizes, [1000, 1000, 500]);
});
