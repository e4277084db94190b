import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { createChore } from "../../../src/runrpc/data/chore.ts";
import type { WriteOptions } from "../../../src/runrpc/data/store.ts";

const onError = (error: unknown) => assert.fail(String(error));

test("a chore runs at its start until a step says that nothing is left, in the background", async () => {
  const calls: WriteOptions[] = [];
  const chore = createChore(
    async (options) => {
      calls.push(options);
      return calls.length < 4;
    },
    { onError },
  );
  await chore.done();
  assert.deepEqual(
    calls.map(({ background, signal }) => [background, signal?.aborted]),
    Array.from({ length: 4 }, () => [true, false]),
  );
  await chore.close();
});

test("a chore that is woken at any moment of a run looks once more", async () => {
  for (let turns = 0; turns < 12; turns++) {
    let left = 0;
    const chore = createChore(async () => left-- > 1, { onError });
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    left = 2;
    chore.wake();
    await chore.done();
    assert.ok(left <= 0, `${left} left when woken after ${turns} turns`);
    await chore.close();
  }
});

test("a step that fails is told of each time and tried again, also when others wake the chore meanwhile", async () => {
  const errors: string[] = [];
  let calls = 0;
  const chore = createChore(
    async () => {
      calls += 1;
      if (calls <= 2) throw new Error(`failure ${calls}`);
      return false;
    },
    { onError: (error) => errors.push(String(error)), retryAfterMs: 5 },
  );
  await chore.done();
  chore.wake();
  assert.equal(calls, 1);
  for (let waits = 0; calls < 3 && waits < 2_000; waits++) await delay(5);
  await chore.close();
  assert.deepEqual(errors, ["Error: failure 1", "Error: failure 2"]);
});

test("a closed chore ends after the step that runs, and is not woken again", async () => {
  const step = Promise.withResolvers<boolean>();
  let calls = 0;
  const chore = createChore(
    (options) => {
      calls += 1;
      options.signal?.addEventListener("abort", () => step.resolve(true));
      return step.promise;
    },
    { onError },
  );
  await chore.close();
  chore.wake();
  await chore.done();
  assert.equal(calls, 1);
});

test("a chore with an interval looks again by itself, and no more once it is closed", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let calls = 0;
  const chore = createChore(
    async () => {
      calls += 1;
      return false;
    },
    { onError, everyMs: 1_000 },
  );
  await chore.done();
  t.mock.timers.tick(999);
  assert.equal(calls, 1);
  t.mock.timers.tick(1);
  await chore.done();
  assert.equal(calls, 2);
  await chore.close();
  t.mock.timers.tick(5_000);
  await chore.done();
  assert.equal(calls, 2);
});
