import { DataError } from "../data-error.ts";
import type { Examination } from "../examination.ts";
import { resolveSqliteOptions, type SqliteOptions } from "./store-options.ts";
import { runTask } from "./task.ts";

/**
 * Looks a database over, beside whoever serves it, and changes nothing: the file, its modes, its disk, its log, SQLite's
 * own checks, foreign keys, migrations. What is missing or no database at all is a failed check as well.
 */
export async function examineDatabase(options: SqliteOptions): Promise<Examination> {
  const resolved = resolveSqliteOptions(options);
  const { allowNewer } = resolved;
  try {
    return (await runTask(resolved, { kind: "examine", allowNewer })) as Examination; // As `examine` returns it.
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return { kind: "sqlite", version: "", checks: [{ name: "file", state: "failed", text: error.message }] };
  }
}
