import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import Client, { type Database } from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { DataError } from "../data-error.ts";
import type { MigrationsReport } from "../migrations.ts";
import type { Db } from "../query.ts";
import { applyMigrations } from "./apply-migrations.ts";
import { checkIdentity, type FileWatch, identityOf, watchFile } from "./file-watch.ts";
import { guardResults } from "./guard-results.ts";
import { makeFile } from "./make-file.ts";
import { dataErrorFromThrown } from "./sqlite-error.ts";
import { maxTransferBytes, type WorkerSetup } from "./thread-protocol.ts";

/** Page cache of each connection, at most: SQLite's own 2 MB is less than the indexes of a small application. */
const cacheKiB = 16_384;

/**
 * What is kept of the log (WAL) when it starts over, in bytes. SQLite keeps all of it by default: what grew while one
 * slow read held it would stay on the disk.
 */
export const maxKeptWalBytes = 16 * 1024 * 1024;

/** An open database: the driver for transactions, drizzle for queries. Closed by whoever opened it. */
export interface OpenDatabase {
  readonly client: Database;
  readonly db: Db;
  readonly migrations: MigrationsReport;
  readonly identity: string;
  readonly watch: FileWatch;
}

/**
 * Opens the database file for a role: a writer makes the directory and the file, and applies the migrations; a reader
 * opens it read-only. `onStatement` is called before each statement that drizzle runs, and may throw to prevent it.
 * Throws a {@link DataError} whose sentence holds the path.
 */
export function openDatabase(setup: WorkerSetup, onStatement: () => void): OpenDatabase {
  let client: Database | undefined;
  try {
    if (setup.identity !== undefined) checkIdentity(setup.file, setup.identity);
    client = setup.role === "reader" ? openReader(setup) : openWriter(setup);
    const migrations: MigrationsReport =
      setup.role === "reader"
        ? { created: false, applied: [], present: [] }
        : applyMigrations(client, setup.migrations, setup.allowNewer);
    guardResults(client, maxTransferBytes(setup.heapMb));
    const db = drizzle({ client, logger: { logQuery: onStatement } });
    // The log is there from the first transaction on, and a reader has had none yet.
    client.prepare("SELECT 1 FROM sqlite_schema").get();
    return {
      client,
      // Db is drizzle's own type with the results typed as promises: awaiting a plain value is the same at run time.
      db: db as unknown as Db,
      migrations,
      identity: identityOf(setup.file) ?? "",
      watch: watchFile(setup.file),
    };
  } catch (error) {
    client?.close();
    throw withPath(error, setup.file);
  }
}

function openReader(setup: WorkerSetup): Database {
  return tune(new Client(setup.file, { readonly: true, timeout: setup.busyTimeoutMs }));
}

function tune(client: Database): Database {
  // A write in a savepoint keeps the pages it changes in a temporary file; in memory, inserts cost half.
  client.pragma("temp_store = MEMORY");
  client.pragma(`cache_size = -${cacheKiB}`);
  return client;
}

function openWriter(setup: WorkerSetup): Database {
  makeDirectory(dirname(setup.file));
  makeFile(setup.file);
  const client = new Client(setup.file, { timeout: setup.busyTimeoutMs });
  checkVersion(client);
  switchToWal(client, setup.busyTimeoutMs);
  // WAL alone lowers this to NORMAL, which loses acknowledged commits when the power fails.
  client.pragma("synchronous = FULL");
  client.pragma("foreign_keys = ON");
  client.pragma(`journal_size_limit = ${maxKeptWalBytes}`);
  return tune(client);
}

/** Not `recursive`: under a parent that takes no children, as /proc, that does not return. */
function makeDirectory(directory: string): void {
  if (existsSync(directory)) return;
  makeDirectory(dirname(directory));
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    // Another process may make it at the same time.
    if (!existsSync(directory)) throw error;
  }
}

/** SQLite before 3.51.3 could reset a WAL that another connection was still reading (https://sqlite.org/wal.html). */
function checkVersion(client: Database): void {
  const version = String(client.prepare("SELECT sqlite_version()").pluck().get());
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  if (major * 1e6 + minor * 1e3 + patch < 3_051_003) {
    throw new DataError(
      "failed_precondition",
      `SQLite ${version} is older than 3.51.3: install better-sqlite3 13.2.0`,
    );
  }
}

/** Two processes that switch a fresh file at once get BUSY without SQLite's own waiting, so the waiting is done here. */
function switchToWal(client: Database, busyTimeoutMs: number): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (const deadlineMs = performance.now() + busyTimeoutMs; ; ) {
    try {
      client.pragma("journal_mode = WAL");
      return;
    } catch (error) {
      if (dataErrorFromThrown(error).code !== "aborted" || performance.now() > deadlineMs) throw error;
      Atomics.wait(pause, 0, 0, 5);
    }
  }
}

function withPath(error: unknown, file: string): DataError {
  const cause = dataErrorFromThrown(error);
  if (error instanceof DataError) return cause;
  // What is neither ours nor SQLite's comes from making the directory, or from the driver that looks for it.
  const code = cause.databaseCode === undefined ? "unavailable" : cause.code;
  const { databaseCode } = cause;
  return new DataError(code, `cannot open the database ${file}: ${cause.message}`, { databaseCode });
}
