import type { NamedQuery } from "../manifest.ts";
import type { Surroundings } from "./query-runner.ts";
import type { Attempt, Run } from "./run.ts";

const begins: Readonly<Record<Surroundings, string | undefined>> = {
  bare: undefined,
  snapshot: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
  follow: "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
  write: undefined,
};

/**
 * Makes the function that runs reads, each in what it needs:
 *
 * - a read of one statement in no transaction, which would be two round trips more;
 * - a read of several in a REPEATABLE READ transaction, so that all statements see one state;
 * - a read that follows a topic (`readInOrder`) in a READ COMMITTED one: it waits for a lock first, and has to see what was
 *   committed while it waited.
 *
 * What a query needs is found out by running it: a run in the wrong surroundings is ended at the statement that shows it, and the
 * query is run again, from then on in the right ones.
 */
export function createReads(): (run: Run) => Promise<unknown> {
  const known = new Map<NamedQuery, Surroundings>();
  return async (run) => {
    for (let tries = 0; ; tries++) {
      const surroundings = known.get(run.query) ?? "bare";
      const { outcome, needs } = await attemptIn(run, surroundings);
      // A read that needs something else at every run (at random) gets the error of the last one.
      if (needs === undefined || begins[needs] === undefined || tries === 2) {
        if ("error" in outcome) throw outcome.error;
        return outcome.value;
      }
      known.set(run.query, needs);
    }
  };
}

async function attemptIn(run: Run, surroundings: Surroundings): Promise<Attempt> {
  const begin = begins[surroundings];
  if (begin === undefined) return run.attempt(surroundings);
  const { client, close } = run.connection;
  await client.query(begin);
  const attempt = await run.attempt(surroundings);
  // What was read stands. A connection that cannot end its transaction is of no more use.
  await client.query("COMMIT").catch(close);
  return attempt;
}
