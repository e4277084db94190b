import { statSync } from "node:fs";
import type { Database } from "better-sqlite3";
import { maxKeptWalBytes } from "./open-database.ts";
import type { WorkerSetup } from "./thread-protocol.ts";

/** Between two looks at the size of the log, in milliseconds. */
const lookAfterMs = 1_000;

/** How long a checkpoint that starts the log over waits for the reads that hold it, in milliseconds. */
const waitForReadersMs = 20;

/**
 * Keeps the log (WAL) from growing for good. SQLite's own checkpoint, each 1,000 pages, gives way to readers: where reads
 * follow each other without a gap the log never starts over, and what grew behind a slow read stays when it has ended
 * (https://sqlite.org/wal.html#avoiding_excessively_large_wal_files). Gives what to call after each batch: about once a
 * second, while the log is larger than what is kept of it, it is written into the file and cut to nothing, unless a
 * read holds it for longer than a moment. Then it is tried again later, also when no write follows.
 */
export function createWalKeeper(client: Database, setup: WorkerSetup): () => void {
  const wal = `${setup.file}-wal`;
  let lookedAt = performance.now();
  let again: NodeJS.Timeout | undefined;

  function isLarge(): boolean {
    return (statSync(wal, { throwIfNoEntry: false })?.size ?? 0) > maxKeptWalBytes;
  }

  function look(): void {
    lookedAt = performance.now();
    clearTimeout(again);
    again = undefined;
    if (!isLarge()) return;
    try {
      client.pragma(`busy_timeout = ${waitForReadersMs}`);
      client.pragma("wal_checkpoint(TRUNCATE)");
    } catch {
      // A full disk or a damaged page is told to whoever reads or writes next.
    } finally {
      client.pragma(`busy_timeout = ${setup.busyTimeoutMs}`);
    }
    if (isLarge()) again = setTimeout(look, lookAfterMs).unref();
  }

  return () => {
    if (performance.now() - lookedAt >= lookAfterMs) look();
  };
}
