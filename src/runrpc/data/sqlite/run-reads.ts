import type { DataError } from "../data-error.ts";
import type { NamedQuery } from "../manifest.ts";
import type { Batch, Outcome } from "./batch.ts";
import type { OpenDatabase } from "./open-database.ts";
import type { QueryRunner } from "./query-runner.ts";
import { dataErrorFromThrown } from "./sqlite-error.ts";

/** Answers wait for company this long, so that a batch of slow reads does not withhold the ones that are done. */
const sendAfterMs = 2;

/**
 * Runs a batch of reads in one read transaction: each sees all that was committed before its call, several statements
 * of one query see the same state, and the file is locked once instead of for each statement.
 *
 * Each read is answered whatever becomes of the transaction: after a damaged page COMMIT fails as well, and it is rolled
 * back. Rejects when that fails too: the connection is of no more use then, and its worker has to go.
 */
export function createReads(
  { client, db, watch }: OpenDatabase,
  runner: QueryRunner,
  find: (query: number) => NamedQuery,
): (batch: Batch) => Promise<void> {
  const begin = client.prepare("BEGIN");
  const commit = client.prepare("COMMIT");
  const rollback = client.prepare("ROLLBACK");

  async function runOne(number: number, input: unknown): Promise<Outcome> {
    let name: string | undefined;
    try {
      const query = find(number);
      name = query.name;
      return { value: await runner.run(query, db, input) };
    } catch (error) {
      return { error: dataErrorFromThrown(error, name) };
    }
  }

  function open(): DataError | undefined {
    try {
      watch.checkNowAndThen();
      begin.run();
      return undefined;
    } catch (error) {
      return dataErrorFromThrown(error);
    }
  }

  function end(): void {
    if (!client.inTransaction) return;
    try {
      commit.run();
    } catch {
      // What a read has found stands; what it has not is its own error.
      if (client.inTransaction) rollback.run();
    }
  }

  return async (batch) => {
    const failure = open();
    let begun = performance.now();
    let sent = begun;
    for (let index = 0; index < batch.size; index++) {
      if (!batch.claim(index)) continue;
      const outcome =
        failure === undefined ? await runOne(batch.query(index), batch.input(index)) : { error: failure };
      const ended = performance.now();
      batch.answer(index, outcome, ended - begun);
      begun = ended;
      if (ended - sent < sendAfterMs || index === batch.size - 1) continue;
      batch.send(false);
      sent = performance.now();
    }
    try {
      end();
    } finally {
      batch.send(true);
    }
  };
}
