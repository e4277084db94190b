import { DataError } from "../data-error.ts";
import type { Connection } from "./connection.ts";
import { codeFromSqlState, dataErrorFromThrown, isRetryable, sqlStateOf } from "./postgres-error.ts";
import type { Attempt, Run } from "./run.ts";

/** Between two tries of a write, at random up to this, in milliseconds: doubled from the first to the greatest. */
const backOffMs = { first: 2, greatest: 50 } as const;

/**
 * Makes what runs writes: each in a SERIALIZABLE transaction, so that what came of writes that went side by side could have
 * come of them one after the other, as on SQLite. One that loses to another (40001, 40P01) is run again, for `maxRetryMs`
 * at most and as long as somebody waits for it. `onDoubt` is called when nobody knows whether a write was committed.
 */
export function createWrites(maxRetryMs: number, onDoubt: () => void): (run: Run) => Promise<unknown> {
  return async (run) => {
    const deadlineMs = performance.now() + maxRetryMs;
    for (let ms: number = backOffMs.first; ; ms = Math.min(2 * ms, backOffMs.greatest)) {
      await begin(run.connection.client);
      const attempt = await run.attempt("write");
      const failure = await end(run.connection, attempt, onDoubt);
      if (failure === undefined) return "value" in attempt.outcome ? attempt.outcome.value : undefined;
      // The query may have made something else of the error that tells it.
      const sqlState = sqlStateOf(attempt.firstError) ?? sqlStateOf(failure.error);
      if (!isRetryable(sqlState) || run.isStopped) throw failure.error;
      if (performance.now() > deadlineMs) throw lost(run.query.name, failure.error);
      await run.pause(Math.random() * ms);
      if (run.isStopped) throw failure.error;
    }
  };
}

/** What a standby says to the first statement of a transaction that writes. */
const featureNotSupported = "0A000";

async function begin(client: Connection["client"]): Promise<void> {
  try {
    await client.query("BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE");
  } catch (error) {
    if (sqlStateOf(error) !== featureNotSupported) throw error;
    throw new DataError("unavailable", `the server takes no writes: ${dataErrorFromThrown(error).message}`, {
      databaseCode: featureNotSupported,
    });
  }
}

/** Of the write, and not of the database, which has taken the others. */
function lost(query: string, cause: unknown): DataError {
  return new DataError("aborted", "this write lost to others again and again: try again", { query, cause });
}

/** Commits, or rolls back what failed; gives why it failed. */
async function end(
  { client, close }: Connection,
  { outcome, firstError }: Attempt,
  onDoubt: () => void,
): Promise<{ readonly error: unknown } | undefined> {
  if ("value" in outcome && firstError === undefined) return commit(client, onDoubt);
  // A connection that cannot end its transaction is of no more use.
  await client.query("ROLLBACK").catch(close);
  // After a statement that failed the server commits nothing, whether the query caught the error or not.
  return "error" in outcome ? outcome : { error: firstError };
}

async function commit(
  client: Connection["client"],
  onDoubt: () => void,
): Promise<{ readonly error: unknown } | undefined> {
  try {
    const { command } = await client.query("COMMIT");
    if (command === "COMMIT") return undefined;
    return { error: new DataError("internal", "the server rolled back a write that it was to commit") };
  } catch (error) {
    const sqlState = sqlStateOf(error);
    if (sqlState !== undefined && codeFromSqlState(sqlState) !== "unavailable") return { error };
    onDoubt();
    return {
      error: new DataError(
        "unknown",
        "the connection ended while it committed this write: look whether it is stored before you repeat it",
        { cause: dataErrorFromThrown(error) },
      ),
    };
  }
}
