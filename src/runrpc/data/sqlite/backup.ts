import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { DataError } from "../data-error.ts";
import { identityOf } from "./file-watch.ts";
import { resolveSqliteOptions, type SqliteOptions } from "./store-options.ts";
import { runTask } from "./task.ts";

/** How a backup is made. */
export interface BackupOptions {
  /** Replaces a file of the same name. Default false: it is left as it is, and the backup refused. */
  readonly force?: boolean | undefined;
  /** Told of the pages copied so far, now and then. */
  readonly onProgress?: ((copied: number, total: number) => void) | undefined;
  /** Gives up: the copy goes, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A backup that was made and checked. */
export interface BackupReport {
  /** Absolute path. */
  readonly file: string;
  readonly bytes: number;
}

/**
 * Copies the database into one file, as it is at one moment, while others read and write it. The copy is checked
 * (`integrity_check`), synced to the disk, readable by its owner alone, and gets its name when all of that is done; until
 * then the name is what it was. Throws `not_found` when there is no database, `already_exists` for a file that is there,
 * `invalid_argument` for the database's own file, `data_loss` when the copy fails its check.
 */
export async function backupDatabase(
  options: SqliteOptions,
  target: string,
  { force = false, onProgress, signal }: BackupOptions = {},
): Promise<BackupReport> {
  const resolved = resolveSqliteOptions(options);
  const file = resolve(target);
  checkTarget(resolved.file, file, force);
  const partial = join(dirname(file), `.${basename(file)}.${process.pid}.partial`);
  // Made here, so that no moment sees it with other rights.
  closeSync(reach(() => openSync(partial, "wx", 0o600)));
  try {
    await runTask(resolved, { kind: "backup", target: partial }, { onProgress, signal });
    sync(partial);
    const bytes = statSync(partial).size;
    if (force) renameSync(partial, file);
    else link(partial, file);
    sync(dirname(file));
    return { file, bytes };
  } finally {
    for (const end of ["", "-journal", "-wal", "-shm"]) rmSync(`${partial}${end}`, { force: true });
  }
}

function checkTarget(database: string, file: string, force: boolean): void {
  const source = identityOf(database);
  if (source === undefined) throw new DataError("not_found", `there is no database ${database}`);
  const own = [database, `${database}-wal`, `${database}-shm`, `${database}-journal`];
  if (own.includes(file) || identityOf(file) === source)
    throw new DataError("invalid_argument", `${file} belongs to the database itself: name another file`);
  const found = reach(() => statSync(file, { throwIfNoEntry: false }));
  if (found === undefined) return;
  if (!found.isFile()) throw new DataError("invalid_argument", `${file} is no ordinary file: name a file`);
  if (!force)
    throw new DataError("already_exists", `${file} exists: name another file, or replace it with --force`);
  // What another database left beside it would be taken for the log of this one.
  if (existsSync(`${file}-wal`))
    throw new DataError("failed_precondition", `${file}-wal exists: ${file} is in use as a database`);
}

/** Unlike a rename, fails where somebody else made a file of this name in the meantime. */
function link(partial: string, file: string): void {
  try {
    linkSync(partial, file);
  } catch (error) {
    if (existsSync(file))
      throw new DataError("already_exists", `${file} exists: name another file, or replace it with --force`);
    // Some filesystems have no links.
    if (!(error instanceof Error) || !("code" in error) || error.code === "ENOSPC") throw error;
    renameSync(partial, file);
  }
}

function sync(path: string): void {
  const handle = openSync(path, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function reach<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new DataError("unavailable", error instanceof Error ? error.message : String(error), {
      cause: error,
    });
  }
}
