import { type Chore, createChore, type StartChore } from "../data/chore.ts";
import type { ServerLog } from "../server/log.ts";

/** The chores of one application. */
export interface Chores {
  readonly start: StartChore;
  /** Wakes those of this name. */
  wake(what: string): void;
  /** Ends all of them, each after the step that runs. */
  close(): Promise<void>;
}

export function createChores(log: ServerLog): Chores {
  const chores: (Chore & { readonly what: string })[] = [];
  return {
    start(what, step, times) {
      const chore = createChore(step, {
        ...times,
        onError: (err) => log.warn({ err, what }, "a chore is not done yet"),
      });
      chores.push({ ...chore, what });
      return chore.wake;
    },
    wake(name) {
      for (const { what, wake } of chores) if (what === name) wake();
    },
    async close() {
      await Promise.all(chores.map((chore) => chore.close()));
    },
  };
}

/** Those of an application whose chores another process does: `wake` has that one look. */
export function createChoresElsewhere(wake: (what: string) => void): Chores {
  return {
    start: (what) => () => wake(what),
    wake() {},
    async close() {},
  };
}
