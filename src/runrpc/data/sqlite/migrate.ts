import type { MigrationsReport } from "../migrations.ts";
import { resolveSqliteOptions, type SqliteOptions } from "./store-options.ts";
import { startWorker } from "./worker-link.ts";

/**
 * Applies the migrations and ends, for the `migrate` command; `openStore` does the same by itself. Makes the database
 * when there is none, and is safe beside a running server. Throws the errors of `openStore`.
 */
export async function migrateDatabase(options: SqliteOptions): Promise<MigrationsReport> {
  const { file, worker, migrations, allowNewer, busyTimeoutMs, heapMb } = resolveSqliteOptions(options);
  const ended = Promise.withResolvers<void>();
  const link = startWorker(
    { role: "migrate", file, worker, migrations, allowNewer, busyTimeoutMs, heapMb, maxBatchCalls: 1 },
    { onAnswer() {}, onEnd: () => ended.resolve() },
    undefined,
  );
  try {
    return (await link.ready).migrations;
  } finally {
    await ended.promise;
  }
}
