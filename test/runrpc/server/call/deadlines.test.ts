import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { Deadlines, type Timed } from "../../../../src/runrpc/server/call/deadlines.ts";
import { createRandom } from "../lanes/differential/random.ts";

interface Item extends Timed {
  expiredAtMs: number | undefined;
}

function itemAt(deadlineAtMs: number, onExpire: (item: Item) => void = () => {}): Item {
  const item: Item = {
    deadlineAtMs,
    heapPlace: -1,
    expiredAtMs: undefined,
    expire() {
      item.expiredAtMs = performance.now();
      onExpire(item);
    },
  };
  return item;
}

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await delay(1);
}

test("each expires in its turn, once, and none before its time", async () => {
  const random = createRandom(7);
  const deadlines = new Deadlines();
  const order: Item[] = [];
  const begin = performance.now();
  const items = Array.from({ length: 500 }, () =>
    itemAt(begin + random.below(60), (item) => order.push(item)),
  );
  for (const item of items) deadlines.add(item);
  await until(() => order.length >= items.length);
  await delay(5);
  assert.equal(order.length, items.length);
  assert.deepEqual(
    order.map(({ deadlineAtMs }) => deadlineAtMs),
    items.map(({ deadlineAtMs }) => deadlineAtMs).sort((a, b) => a - b),
  );
  for (const { expiredAtMs = 0, deadlineAtMs } of items) assert.ok(expiredAtMs > deadlineAtMs - 1);
});

test("what is taken out never expires, whatever place it had, and the others keep their order", async () => {
  const random = createRandom(8);
  const deadlines = new Deadlines();
  const order: Item[] = [];
  const begin = performance.now();
  const items = Array.from({ length: 500 }, () =>
    itemAt(begin + 20 + random.below(40), (item) => order.push(item)),
  );
  for (const item of items) deadlines.add(item);
  const kept = items.filter(() => random.below(2) === 0);
  for (const item of items) {
    if (kept.includes(item)) continue;
    deadlines.delete(item);
    deadlines.delete(item);
    assert.equal(item.heapPlace, -1);
  }
  await until(() => order.length >= kept.length);
  await delay(5);
  assert.deepEqual(
    order.map(({ deadlineAtMs }) => deadlineAtMs),
    kept.map(({ deadlineAtMs }) => deadlineAtMs).sort((a, b) => a - b),
  );
  assert.ok(kept.every(({ heapPlace }) => heapPlace === -1));
});

test("an earlier deadline that comes later is not late, and a passed one fires at once", async () => {
  const deadlines = new Deadlines();
  const late = itemAt(performance.now() + 600_000);
  const soon = itemAt(performance.now() + 10);
  const passed = itemAt(performance.now() - 10);
  for (const item of [late, soon, passed]) deadlines.add(item);
  await until(() => soon.expiredAtMs !== undefined && passed.expiredAtMs !== undefined);
  assert.equal(late.expiredAtMs, undefined);
  deadlines.delete(late);
});

test("one that expires may take others out and put others in", async () => {
  const deadlines = new Deadlines();
  const now = performance.now();
  const gone = itemAt(now + 6);
  const added = itemAt(now + 7);
  deadlines.add(
    itemAt(now + 5, () => {
      deadlines.delete(gone);
      deadlines.add(added);
    }),
  );
  deadlines.add(gone);
  await until(() => added.expiredAtMs !== undefined);
  assert.equal(gone.expiredAtMs, undefined);
});
