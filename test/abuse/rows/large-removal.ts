import assert from "node:assert/strict";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import Database from "better-sqlite3";
import { percentile } from "../../../bench/results.ts";
import { createChore } from "../../../src/runrpc/data/chore.ts";
import { openTestStore, tempDirectory } from "../../runrpc/data/fixture/open.ts";
import type { Row } from "../row.ts";

/** What a call may wait, in milliseconds. */
const BOUND_MS = 100;
/** Between two calls of the others, in milliseconds. */
const PAUSE_MS = 5;

/**
 * Somebody is removed who owns a million rows: that is done in small steps behind all other writes, so that nobody waits
 * for it.
 */
export const largeRemoval: Row = {
  name: "large removal",
  isOfNoLane: true,
  async attack(arena) {
    const rows = arena.rounds(1_000_000, 20_000);
    const file = join(await tempDirectory(arena), "test.sqlite");
    const { queries } = await openTestStore(arena, { file });
    const { id } = await queries.items.insertItem({ name: "owner" });
    own(file, id, rows);

    const failures: unknown[] = [];
    const chore = createChore((options) => queries.items.removeParts({ itemId: id }, options), {
      onError: (error) => failures.push(error),
    });
    arena.after(() => chore.close());
    const startedAtMs = performance.now();
    let isDone = false;
    const done = chore.done().then(() => {
      isDone = true;
    });
    const names: string[] = [];
    const tookMs: number[] = [];
    while (!isDone && failures.length === 0) {
      const name = `other ${names.length}`;
      const begin = performance.now();
      await Promise.all([queries.items.insertName(name), queries.items.getItem({ id })]);
      tookMs.push(performance.now() - begin);
      names.push(name);
      await delay(PAUSE_MS);
    }
    await arena.attempt("the removal ends", async () => {
      assert.deepEqual(failures, []);
      await done;
      assert.equal(await queries.items.countParts(), 0);
    });
    await arena.attempt("what others wrote meanwhile", async () =>
      assert.deepEqual(await queries.items.listNames(), ["owner", ...names]),
    );
    const [p99Ms, worstMs] = [99, 100].map((percent) => Math.round(percentile([...tookMs, 0], percent)));
    const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
    arena.note(
      `${rows} rows in ${seconds} s; ${names.length} writes and reads beside it, p99 ${p99Ms} ms, the slowest ${worstMs} ms`,
    );
    // On a busy machine nobody knows what a wait is for.
    if (arena.isWhole)
      await arena.attempt("a write and a read beside it", () =>
        assert.ok((p99Ms ?? 0) <= BOUND_MS, `p99 is ${p99Ms} ms, the slowest ${worstMs} ms`),
      );
  },
};

function own(file: string, owner: number, rows: number): void {
  const client = new Database(file);
  client
    .prepare(
      `INSERT INTO parts (item_id, label)
       WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < ?) SELECT ?, 'part ' || x FROM c`,
    )
    .run(rows, owner);
  client.close();
}
