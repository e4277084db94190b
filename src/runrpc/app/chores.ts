import { type Chore, createChore } from "../data/chore.ts";
import type { WriteOptions } from "../data/query-proxy.ts";
import type { ServerLog } from "../server/log.ts";

/**
 * Starts work that is done step by step behind all other writes. `step` is a write that does a few milliseconds' worth and
 * resolves to true while there is more: it is called at the start, for what an earlier run left, and whenever the function
 * that this returns says that there is something to do. It ends with the application.
 *
 *     const wake = chore("what deleted users owned", (options) => queries.users.removeDeleted(undefined, options));
 */
export type StartChore = (what: string, step: (options: WriteOptions) => Promise<boolean>) => () => void;

/** The chores of one application. */
export interface Chores {
  readonly start: StartChore;
  /** Ends all of them, each after the step that runs. */
  close(): Promise<void>;
}

export function createChores(log: ServerLog): Chores {
  const chores: Chore[] = [];
  return {
    start(what, step) {
      const chore = createChore(step, {
        onError: (err) => log.warn({ err, what }, "a chore is not done yet"),
      });
      chores.push(chore);
      return chore.wake;
    },
    async close() {
      await Promise.all(chores.map((chore) => chore.close()));
    },
  };
}
