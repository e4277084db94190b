import { type Chore, createChore, type StartChore } from "../data/chore.ts";
import type { ServerLog } from "../server/log.ts";

/** The chores of one application. */
export interface Chores {
  readonly start: StartChore;
  /** Ends all of them, each after the step that runs. */
  close(): Promise<void>;
}

export function createChores(log: ServerLog): Chores {
  const chores: Chore[] = [];
  return {
    start(what, step, times) {
      const chore = createChore(step, {
        ...times,
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
