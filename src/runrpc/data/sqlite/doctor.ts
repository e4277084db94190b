import { DataError } from "../data-error.ts";
import { resolveStoreOptions, type StoreOptions } from "./store-options.ts";
import { runTask } from "./task.ts";

/** One thing that was looked at. `warning`: it works, and somebody should know. */
export interface Check {
  readonly name: string;
  readonly state: "ok" | "warning" | "failed";
  readonly text: string;
}

/** What was found. */
export interface Examination {
  /** The version of SQLite. */
  readonly sqlite: string;
  readonly checks: readonly Check[];
}

/**
 * Looks a database over, beside whoever serves it, and changes nothing: the file, its modes, its disk, its log, SQLite's
 * own checks, foreign keys, migrations. What is missing or no database at all is a failed check as well.
 */
export async function examineDatabase(options: StoreOptions): Promise<Examination> {
  const resolved = resolveStoreOptions(options);
  const { allowNewer } = resolved;
  try {
    return (await runTask(resolved, { kind: "examine", allowNewer })) as Examination; // As `examine` returns it.
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { sqlite: "", checks: [{ name: "file", state: "failed", text: error.message }] };
  }
}
