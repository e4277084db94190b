import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "@connectrpc/connect";
import { createPublicPool } from "../../../../src/runrpc/server/limits/public-pool.ts";

const FULL = { code: Code.ResourceExhausted };

/** Checks and takes, as the room does. */
function enter(pool: ReturnType<typeof createPublicPool>, network: string): () => void {
  pool.check(network);
  return pool.take(network);
}

test("so many are open and no more, in all and for each network, and one that ends makes room for one", () => {
  const pool = createPublicPool("streams", 3, 2);
  const leaves = [enter(pool, "a"), enter(pool, "a")];
  assert.throws(() => enter(pool, "a"), FULL);
  leaves.push(enter(pool, "b"));
  assert.throws(() => enter(pool, "c"), FULL);
  leaves.shift()?.();
  assert.equal(pool.size(), 2);
  leaves.push(enter(pool, "a"));
  assert.throws(() => enter(pool, "c"), FULL);
  for (const leave of leaves) leave();
  assert.deepEqual([pool.size(), pool.networks()], [0, 0]);
});

test("nothing is kept of a network that has nothing open, and a check alone keeps nothing", () => {
  const pool = createPublicPool("streams", 10, 10);
  for (let peer = 0; peer < 1_000; peer++) enter(pool, `192.0.2.${peer}`)();
  pool.check("a");
  const [first, second] = [enter(pool, "a"), enter(pool, "a")];
  first();
  assert.equal(pool.networks(), 1);
  second();
  assert.equal(pool.networks(), 0);
});
