import type { Batch } from "./batch.ts";
import type { NamedQuery, QueryRunner } from "./query-runner.ts";
import type { OpenDatabase } from "./sqlite.ts";
import { dataErrorFromThrown } from "./sqlite-error.ts";

/** Answers wait for company this long, so that a batch of slow reads does not withhold the ones that are done. */
const sendAfterMs = 2;

/**
 * Runs a batch of reads in one read transaction: each sees all that was committed before its call, several statements
 * of one query see the same state, and the file is locked once instead of for each statement.
 */
export function createReads(
  { client, db }: OpenDatabase,
  runner: QueryRunner,
  find: (query: number) => NamedQuery,
): (batch: Batch) => Promise<void> {
  const begin = client.prepare("BEGIN");
  const commit = client.prepare("COMMIT");
  return async (batch) => {
    begin.run();
    let sent = performance.now();
    for (let index = 0; index < batch.size; index++) {
      if (!batch.claim(index)) continue;
      const query = find(batch.query(index));
      try {
        batch.answer(index, { value: await runner.run(query, db, batch.input(index)) });
      } catch (error) {
        batch.answer(index, { error: dataErrorFromThrown(error, query.name) });
      }
      if (performance.now() - sent < sendAfterMs || index === batch.size - 1) continue;
      batch.send(false);
      sent = performance.now();
    }
    if (client.inTransaction) commit.run();
    batch.send(true);
  };
}
