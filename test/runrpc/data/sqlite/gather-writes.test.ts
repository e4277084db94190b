import assert from "node:assert/strict";
import { test } from "node:test";
import type { Batch } from "../../../../src/runrpc/data/sqlite/batch.ts";
import { createGathering } from "../../../../src/runrpc/data/sqlite/gather-writes.ts";

const batchOf = (size: number): Batch => ({
  ...{ slot: 0, size, query: () => 0, input: () => undefined, claim: () => true },
  ...{ committing() {}, answer() {}, send() {} },
});

/** A gathering to which batches come when they are put into `here`, or while it waits when they are in `coming`. */
function start(maxCalls = 100) {
  const here: Batch[] = [];
  const coming: Batch[] = [];
  const waits: number[] = [];
  const gathering = createGathering(
    {
      isThere: () => here.length > 0,
      take: (max) => ((here[0]?.size ?? 0) <= max ? here.shift() : undefined),
      wait(maxMs) {
        waits.push(maxMs);
        const batch = coming.shift();
        if (batch !== undefined) here.push(batch);
        return batch !== undefined;
      },
    },
    maxCalls,
  );
  /** One transaction: gives how many calls shared its commit. */
  function commit(first: number, commitMs = 8): number {
    let calls = first;
    gathering.begin(batchOf(first));
    for (let batch = gathering.next(); batch !== undefined; batch = gathering.next()) calls += batch.size;
    gathering.end(commitMs);
    return calls;
  }
  return { here, coming, waits, commit };
}

test("what has come shares the commit, up to its bound", () => {
  const { here, waits, commit } = start(100);
  here.push(batchOf(30), batchOf(30), batchOf(30), batchOf(20));
  assert.equal(commit(10), 100);
  here.length = 0;
  here.push(batchOf(91));
  assert.equal(commit(10), 10);
  assert.deepEqual(waits.length, 0);
});

test("a commit waits for those that the last one answered, for half of what that took", () => {
  const { coming, waits, commit } = start();
  assert.equal(commit(64, 8), 64);
  coming.push(batchOf(32));
  assert.equal(commit(32), 64);
  assert.deepEqual(waits, [4]);
});

test("three quarters of them are enough", () => {
  const { coming, waits, commit } = start();
  commit(64);
  assert.equal(commit(48), 48);
  assert.equal(waits.length, 0);
  coming.push(batchOf(13));
  assert.equal(commit(35), 48);
  assert.equal(waits.length, 1);
});

test("who came during the last commit is not taken for one that it answered", () => {
  const { here, coming, waits, commit } = start();
  commit(32);
  // As many come as were answered, and no wait is needed.
  assert.equal(commit(32), 32);
  assert.equal(waits.length, 0);
  const beforeTheEnd = batchOf(32);
  here.push(beforeTheEnd);
  commit(100);
  here.length = 0;
  coming.push(batchOf(60));
  assert.equal(commit(32), 92);
  assert.equal(waits.length, 1);
});

test("after a wait in vain the next commits do not wait: 2, 4, 8 and so on, up to 64, until one is worth it", () => {
  const { coming, waits, commit } = start();
  const commitsToNextWait = (): number => {
    const before = waits.length;
    for (let commits = 0; ; commits++) {
      commit(100);
      commit(10);
      if (waits.length > before) return 2 * commits;
    }
  };
  assert.equal(commitsToNextWait(), 0);
  const pauses = Array.from({ length: 8 }, commitsToNextWait);
  assert.deepEqual(pauses, [2, 4, 8, 16, 32, 64, 64, 64]);
  for (let commits = 0; commits < 64; commits++) commit(100);
  coming.push(batchOf(80));
  assert.equal(commit(10), 90);
  assert.equal(commitsToNextWait(), 0);
  assert.equal(commitsToNextWait(), 2);
});
