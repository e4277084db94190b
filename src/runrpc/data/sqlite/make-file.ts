import { closeSync, existsSync, openSync } from "node:fs";

/**
 * Makes a file for its owner alone, where there is none: SQLite itself leaves its rights to the umask. Its log and the log's index get
 * the same.
 */
export function makeFile(file: string): void {
  // One that is there is not opened: closing it would take SQLite's locks from it (https://sqlite.org/howtocorrupt.html#posix).
  if (!existsSync(file)) closeSync(openSync(file, "a", 0o600));
}
