import type { AsyncLocalStorage } from "node:async_hooks";
import { DataError } from "../data-error.ts";
import type { NamedQuery } from "../manifest.ts";
import type { Db, Query } from "../query.ts";

/**
 * What a query runs in. `bare`: no transaction, which allows one statement. `snapshot`: a transaction whose statements all see
 * the state at its begin. `follow`: a transaction whose statements each see the state at their own begin. `write`: a transaction
 * that may write.
 */
export type Surroundings = "bare" | "snapshot" | "follow" | "write";

/** One run of a query on a connection. */
export interface Turn {
  /** What the query gives; rejects with what it throws, or with why it was ended. */
  readonly result: Promise<unknown>;
  /** The first error of one of its statements, whatever the query made of it. */
  readonly firstError: unknown;
  /** What the query turned out to need instead of what it ran in: it has to be run again. Undefined where that was right. */
  readonly needs: Surroundings | undefined;
  /** Ends it with this reason. Statements that it makes from here on are refused. */
  abandon(reason: unknown): void;
}

/** Runs one query after the other on a connection and holds each to its word: it awaits the database and nothing else. */
export interface QueryRunner {
  start(query: NamedQuery, db: Db, input: unknown, surroundings: Surroundings): Turn;
  /** Says what the running query needs. @throws where it runs in something else, which ends the run. */
  need(surroundings: Surroundings): void;
  /** Sends a statement of the query at hand; rejects when it is another one's, whose call was answered before. */
  statement<T>(send: () => Promise<T>): Promise<T>;
}

/**
 * Makes the runner of one connection. `origin` tells which turn a statement comes from: a query that goes on after its call
 * was answered must not write into the transaction of the next one.
 *
 * A query that has no statement under way after a turn of the event loop, and has not settled, awaits something other than the
 * database, such as a timer or a fetch. It would hold its connection for as long as that takes, and is abandoned.
 */
export function createQueryRunner(origin: AsyncLocalStorage<object>): QueryRunner {
  let current: RunningTurn | undefined;

  function end(turn: RunningTurn): void {
    clearImmediate(turn.look);
    if (current === turn) current = undefined;
  }

  /** Looks in the next turn of the event loop: from one statement to the next a query needs microtasks alone. */
  function lookLater(turn: RunningTurn): void {
    turn.look ??= setImmediate(() => {
      turn.look = undefined;
      if (current !== turn || turn.underWay > 0) return;
      turn.abandon(
        new DataError(
          "internal",
          `the query ${turn.query.name} awaits something other than its database: do that before or after the call`,
          { query: turn.query.name },
        ),
      );
    });
  }

  return {
    start(query, db, input, surroundings) {
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const turn: RunningTurn = {
        query,
        surroundings,
        result: promise,
        firstError: undefined,
        needs: undefined,
        statements: 0,
        underWay: 0,
        look: undefined,
        abandon(reason) {
          end(turn);
          reject(reason);
        },
      };
      current = turn;
      lookLater(turn);
      origin.run(turn, begin, query.run, db, input).then(
        (value) => {
          end(turn);
          resolve(value);
        },
        (error: unknown) => turn.abandon(error),
      );
      return turn;
    },

    need(surroundings) {
      if (current !== undefined) need(current, surroundings);
    },

    async statement(send) {
      const turn = current;
      if (turn === undefined || origin.getStore() !== turn) throw stray(origin.getStore());
      if (turn.statements > 0 && turn.surroundings === "bare") need(turn, "snapshot");
      turn.statements += 1;
      turn.underWay += 1;
      try {
        return await send();
      } catch (error) {
        turn.firstError ??= error;
        throw error;
      } finally {
        turn.underWay -= 1;
        lookLater(turn);
      }
    },
  };
}

interface RunningTurn extends Turn {
  readonly query: NamedQuery;
  readonly surroundings: Surroundings;
  firstError: unknown;
  needs: Surroundings | undefined;
  statements: number;
  underWay: number;
  look: NodeJS.Immediate | undefined;
}

function need(turn: RunningTurn, surroundings: Surroundings): void {
  if (turn.surroundings === surroundings) return;
  turn.needs = surroundings;
  // A caller sees this error of a write alone: a read is run again.
  throw new DataError(
    "internal",
    `${turn.query.name} waits for the writes of a topic (readInOrder), which a write cannot`,
  );
}

/** Thrown into a query that goes on after its call has been answered. */
function stray(turn: object | undefined): DataError {
  const name = turn === undefined ? undefined : (turn as RunningTurn).query.name; // The store holds turns alone.
  return new DataError(
    "internal",
    `a statement of ${name ?? "no query"} ran after its call was answered: await each statement`,
    { query: name },
  );
}

/** An async boundary, so that a query which throws before its first await rejects like any other. */
async function begin(run: Query, db: Db, input: unknown): Promise<unknown> {
  return run(db, input as never); // The store's types promise that the caller gave what the query takes.
}
