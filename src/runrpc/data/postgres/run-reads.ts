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
 * Makes what runs reads. One that makes a single statement runs without a transaction, which would be two trips more; one
 * that makes several runs in one, in which all of them see the same state; one that follows a topic in one whose statements
 * see what was committed when they began, since it waits first. Which kind a query is, its first run tells: it ends where
 * something else is around it than it needs, and is run again.
 */
export function createReads(): (run: Run) => Promise<unknown> {
  const known = new Map<NamedQuery, Surroundings>();
  return async (run) => {
    for (let tries = 0; ; tries++) {
      const surroundings = known.get(run.query) ?? "bare";
      const { outcome, needs } = await attemptIn(run, surroundings);
      // A read that needs one thing after the other has its error.
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
