import { statSync } from "node:fs";
import { DataError } from "../data-error.ts";

/** Looks whether an open database is still the file that its path names. */
export interface FileWatch {
  /** Throws `unavailable` when the file or its log is not where it was. */
  check(): void;
  /** The same, at most ten times a second: for reads, which acknowledge nothing. */
  checkNowAndThen(): void;
}

/** The least time between two looks of `checkNowAndThen`, and between two at the index of the log, in milliseconds. */
const lookAfterMs = 100;

/** Which file a path names: device and inode. Undefined when there is none. */
export function identityOf(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? undefined : `${stat.dev}:${stat.ino}`;
}

/** Throws `unavailable` when the path does not name the file with this identity. */
export function checkIdentity(file: string, identity: string): void {
  const found = safeIdentityOf(file);
  if (found !== identity) throw lost(file, file, found);
}

/**
 * Watches the file of an open connection. SQLite goes on writing to a file that was removed or replaced, and would
 * acknowledge writes that nobody finds again, since the log that they are in goes with the file
 * (https://sqlite.org/howtocorrupt.html#unlink). To be made after the first transaction, when there is a log.
 */
export function watchFile(file: string): FileWatch {
  const wal = `${file}-wal`;
  const index = `${file}-shm`;
  const known = new Map([file, wal, index].map((path) => [path, identityOf(path)]));
  let lookedAt = performance.now();

  function look(path: string): void {
    const found = safeIdentityOf(path);
    if (found !== known.get(path)) throw lost(file, path, found);
  }

  function check(): void {
    look(file);
    look(wal);
    const now = performance.now();
    if (now - lookedAt < lookAfterMs) return;
    look(index);
    lookedAt = now;
  }

  return {
    check,
    checkNowAndThen() {
      if (performance.now() - lookedAt >= lookAfterMs) check();
    },
  };
}

/** A folder that cannot be entered has no file in it. */
function safeIdentityOf(path: string): string | undefined {
  try {
    return identityOf(path);
  } catch {
    return undefined;
  }
}

function lost(file: string, path: string, found: string | undefined): DataError {
  const what = path === file ? `the database ${file}` : `${path}, which belongs to the database,`;
  const sentence = `${what} was ${found === undefined ? "removed" : "replaced"} while it was open`;
  return new DataError(
    "unavailable",
    `${sentence}: nothing is written; put it back, or start the server again`,
    // SQLite's own code for this, which it does not give in WAL mode.
    { databaseCode: "SQLITE_READONLY_DBMOVED" },
  );
}
