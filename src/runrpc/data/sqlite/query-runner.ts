import { AsyncLocalStorage } from "node:async_hooks";
import { approximateBytes } from "../call-bytes.ts";
import { DataError } from "../data-error.ts";
import type { NamedQuery } from "../manifest.ts";
import type { Db, Query } from "../query.ts";

/** Runs one query after the other and holds each to its word: it awaits the database and nothing else. */
export interface QueryRunner {
  /**
   * Settles within microtasks for a query that keeps to the rule; rejects with `internal` when it does not, and with
   * `resource_exhausted` when its result is larger than `maxResultBytes`.
   */
  run(query: NamedQuery, db: Db, input: unknown): Promise<unknown>;
  /** Called before each statement; throws when the statement belongs to a query that has been answered. */
  guardStatement(): void;
  /** Between `arm` and `disarm` a query may run; `disarm` when the batch has ended. */
  arm(): void;
  disarm(): void;
}

/**
 * SQLite answers at once, so a query that awaits only drizzle settles before the event loop turns. When the loop turns
 * and one has not settled, it waits for something else: it is abandoned, and the transaction goes on without it. What it
 * tries to write later would land in a stranger's transaction, so each statement must come from the current query,
 * which AsyncLocalStorage tells (one query at a time, so nothing else needs it).
 */
export function createQueryRunner(maxResultBytes: number = Number.POSITIVE_INFINITY): QueryRunner {
  const origin = new AsyncLocalStorage<Turn>();
  let current: Turn | undefined;
  let watch: NodeJS.Immediate | undefined;

  function loopTurned(): void {
    watch = setImmediate(loopTurned);
    current?.abandon(
      new DataError(
        "internal",
        `the query ${current.query.name} awaits something other than its database: do that before or after the call`,
        { query: current.query.name },
      ),
    );
  }

  return {
    run(query, db, input) {
      return new Promise((resolve, reject) => {
        const turn: Turn = { query, abandon: reject };
        current = turn;
        // From here on a statement that it forgot to await is a stray.
        const end = () => {
          if (current === turn) current = undefined;
        };
        origin.run(turn, start, query.run, db, input).then(
          (value) => {
            end();
            const bytes = approximateBytes(value, maxResultBytes);
            if (bytes <= maxResultBytes) resolve(value);
            else reject(tooLarge(query.name, maxResultBytes));
          },
          (error: unknown) => {
            end();
            reject(error);
          },
        );
      });
    },
    guardStatement() {
      const turn = origin.getStore();
      if (turn === current) return;
      throw new StrayStatement(turn?.query.name);
    },
    arm() {
      watch ??= setImmediate(loopTurned);
    },
    disarm() {
      clearImmediate(watch);
      watch = undefined;
      current = undefined;
    },
  };
}

function tooLarge(query: string, maxResultBytes: number): DataError {
  return new DataError(
    "resource_exhausted",
    `the result of ${query} holds more than ${maxResultBytes} bytes, a quarter of heapMb: ask for less at a time`,
    { query },
  );
}

/** Thrown into a query that goes on after its call has been answered. */
export class StrayStatement extends DataError {
  constructor(query: string | undefined) {
    super(
      "internal",
      `a statement of ${query ?? "no query"} ran after its call was answered: await each statement`,
      {
        query,
      },
    );
  }
}

interface Turn {
  readonly query: NamedQuery;
  readonly abandon: (reason: DataError) => void;
}

/** An async boundary, so that a query which throws before its first await rejects like any other. */
async function start(run: Query, db: Db, input: unknown): Promise<unknown> {
  return run(db, input as never); // The store's types promise that the caller gave what the query takes.
}
