import { DataError } from "../data-error.ts";
import type { NamedQuery } from "../manifest.ts";
import type { Batch, Outcome } from "./batch.ts";
import type { OpenDatabase } from "./open-database.ts";
import type { QueryRunner } from "./query-runner.ts";
import { dataErrorFromThrown } from "./sqlite-error.ts";

/**
 * Group commit: all writes of a batch share one transaction and its one sync to the disk, each in a savepoint of its
 * own, so that one that fails undoes itself alone. Nothing is answered before COMMIT has returned and the file has been
 * seen where it belongs; when either fails, or SQLite gives up the whole transaction (disk full), every write of the
 * batch fails with that error. Rejects, after it has answered, when the transaction cannot be rolled back either: the
 * connection is of no more use then, and its worker has to go.
 */
export function createWrites(
  { client, db, watch }: OpenDatabase,
  runner: QueryRunner,
  find: (query: number) => NamedQuery,
): (batch: Batch) => Promise<void> {
  const begin = client.prepare("BEGIN IMMEDIATE");
  const commit = client.prepare("COMMIT");
  const rollback = client.prepare("ROLLBACK");
  const savepoint = client.prepare("SAVEPOINT one_write");
  const release = client.prepare("RELEASE one_write");
  const undo = client.prepare("ROLLBACK TO one_write");

  async function runOne(number: number, input: unknown): Promise<Outcome> {
    savepoint.run();
    let name: string | undefined;
    try {
      const query = find(number);
      name = query.name;
      const value = await runner.run(query, db, input);
      release.run();
      return { value };
    } catch (error) {
      // SQLite ends the whole transaction by itself when the disk or the memory is full.
      if (!client.inTransaction) throw dataErrorFromThrown(error);
      undo.run();
      release.run();
      return { error: writeErrorFrom(error, name) };
    }
  }

  /** Runs what was not taken back; gives the indexes of what ran, and how each ended and what it took. */
  async function runAll(batch: Batch, ran: number[]): Promise<Ran[]> {
    const outcomes: Ran[] = [];
    let begunMs = performance.now();
    for (let index = 0; index < batch.size; index++) {
      if (!batch.claim(index)) continue;
      ran.push(index);
      const outcome = await runOne(batch.query(index), batch.input(index));
      const endedMs = performance.now();
      outcomes.push({ outcome, tookMs: endedMs - begunMs });
      begunMs = endedMs;
    }
    return outcomes;
  }

  return async (batch) => {
    const ran: number[] = [];
    const begunMs = performance.now();
    let outcomes: readonly Ran[] = [];
    let commitMs = 0;
    let failure: DataError | undefined;
    try {
      begin.run();
      outcomes = await runAll(batch, ran);
      batch.committing(ran);
      const committingMs = performance.now();
      commit.run();
      watch.check();
      commitMs = performance.now() - committingMs;
    } catch (error) {
      failure = writeErrorFrom(error);
      for (let index = 0; index < batch.size; index++) if (batch.claim(index)) ran.push(index);
    }
    try {
      if (client.inTransaction) rollback.run();
    } finally {
      const failedMs = performance.now() - begunMs;
      ran.forEach((index, position) => {
        const one = outcomes[position];
        if (failure !== undefined) batch.answer(index, { error: failure }, failedMs);
        // The sync to the disk is a part of each: none of them is answered without it.
        else if (one !== undefined) batch.answer(index, one.outcome, one.tookMs + commitMs);
      });
      batch.send(true);
    }
  };
}

/** How one write ended, and what it took until then, in milliseconds. */
interface Ran {
  readonly outcome: Outcome;
  readonly tookMs: number;
}

/** A file that takes no writes is no bug of the query that writes, as it is with a reader. */
function writeErrorFrom(thrown: unknown, query?: string): DataError {
  const error = dataErrorFromThrown(thrown, query);
  const { databaseCode } = error;
  if (error.code !== "internal" || databaseCode?.startsWith("SQLITE_READONLY") !== true) return error;
  return new DataError("unavailable", "the database file cannot be written: see its mode and its disk", {
    query: error.query,
    databaseCode,
  });
}
