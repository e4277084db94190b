import type { Batch, Outcome } from "./batch.ts";
import type { DataError } from "./data-error.ts";
import type { NamedQuery, QueryRunner } from "./query-runner.ts";
import type { OpenDatabase } from "./sqlite.ts";
import { dataErrorFromThrown } from "./sqlite-error.ts";

/**
 * Group commit: all writes of a batch share one transaction and its one sync to the disk, each in a savepoint of its
 * own, so that one that fails undoes itself alone. Nothing is answered before COMMIT has returned; when it fails, or
 * SQLite gives up the whole transaction (disk full), every write of the batch fails with that error.
 */
export function createWrites(
  { client, db }: OpenDatabase,
  runner: QueryRunner,
  find: (query: number) => NamedQuery,
): (batch: Batch) => Promise<void> {
  const begin = client.prepare("BEGIN IMMEDIATE");
  const commit = client.prepare("COMMIT");
  const rollback = client.prepare("ROLLBACK");
  const savepoint = client.prepare("SAVEPOINT one_write");
  const release = client.prepare("RELEASE one_write");
  const undo = client.prepare("ROLLBACK TO one_write");

  async function runOne(query: NamedQuery, input: unknown): Promise<Outcome> {
    savepoint.run();
    try {
      const value = await runner.run(query, db, input);
      release.run();
      return { value };
    } catch (error) {
      // SQLite ends the whole transaction by itself when the disk or the memory is full.
      if (!client.inTransaction) throw error;
      undo.run();
      release.run();
      return { error: dataErrorFromThrown(error, query.name) };
    }
  }

  return async (batch) => {
    const ran: number[] = [];
    const outcomes: Outcome[] = [];
    let failure: DataError | undefined;
    try {
      begin.run();
      for (let index = 0; index < batch.size; index++) {
        if (!batch.claim(index)) continue;
        ran.push(index);
        outcomes.push(await runOne(find(batch.query(index)), batch.input(index)));
      }
      commit.run();
    } catch (error) {
      failure = dataErrorFromThrown(error);
      if (client.inTransaction) rollback.run();
      for (let index = 0; index < batch.size; index++) if (batch.claim(index)) ran.push(index);
    }
    ran.forEach((index, position) => {
      const outcome = failure === undefined ? outcomes[position] : { error: failure };
      if (outcome !== undefined) batch.answer(index, outcome);
    });
    batch.send(true);
  };
}
