import assert from "node:assert/strict";
import { test } from "node:test";
import { createQueryCosts } from "../../../../src/runrpc/data/sqlite/query-costs.ts";
import { besideGate, createGate, openTestStore, turn } from "../fixture/open.ts";

const slow = { rows: 6_000_000 };

for (const readers of [2, 3]) {
  test(`slow reads that arrive one after the other never take the last of ${readers} readers`, async (t) => {
    const { queries } = await openTestStore(t, { readers });
    const { items } = queries;
    const { id } = await items.insertItem({ name: "a" });
    await items.getItem({ id });
    await besideGate(t, "short reads", (gate) => {
      const held: Promise<unknown>[] = [];
      const beside = async (): Promise<void> => {
        for (let count = 0; count < 3 * readers; count++) {
          held.push(items.waitAtGate(gate));
          await turn();
        }
        for (let round = 0; round < 100; round++) await items.getItem({ id });
      };
      return { held, beside: beside() };
    });
  });
}

test("a cancelled read that waits behind slow ones never runs", async (t) => {
  const { gate, open } = createGate(t);
  const store = await openTestStore(t, { readers: 2 });
  const { items } = store.queries;
  await items.countSlowly(slow);
  const first = items.waitAtGate(gate);
  await turn();
  const controller = new AbortController();
  const second = items.countSlowly(slow, { signal: controller.signal });
  const third = items.countSlowly(slow, { signal: controller.signal });
  await turn();
  controller.abort(new Error("gone"));
  await assert.rejects(second, /gone/);
  await assert.rejects(third, /gone/);
  assert.equal(store.stats().reads.queued, 0);
  open();
  await first;
});

test("a query is long from its first long run until shorter ones have made up for it", () => {
  const costs = createQueryCosts();
  assert.equal(costs.classOf(0), "new");
  assert.deepEqual([costs.ran(0, 50), costs.classOf(0)], [true, "short"]);
  assert.deepEqual([costs.ran(0, 51), costs.classOf(0)], [true, "long"]);
  assert.deepEqual([costs.ran(0, 0), costs.classOf(0)], [true, "short"]);
  assert.equal(costs.ran(0, 1_000), true);
  let runs = 0;
  while (costs.classOf(0) === "long") runs += costs.ran(0, 1) ? 1 : 1;
  assert.equal(runs, 14);
  assert.deepEqual([costs.classOf(1), costs.classOf(-1)], ["new", "short"]);
});
