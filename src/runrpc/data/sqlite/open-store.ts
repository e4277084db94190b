import { noNotices } from "../notices.ts";
import type { QueryModules } from "../query.ts";
import { createQueryProxy } from "../query-proxy.ts";
import type { Store } from "../store.ts";
import { createTroubleWatch } from "../trouble.ts";
import { createUnheard } from "../unheard.ts";
import { createSide } from "./side.ts";
import { resolveSqliteOptions, type SqliteOptions } from "./store-options.ts";
import { pingQuery, pingWriteQuery } from "./thread-protocol.ts";

/**
 * Opens a database: starts one writer, which makes the file and applies the migrations, then the readers. `M` is the
 * type of what the worker file serves (`import type { Modules } from "../../data/worker.ts"`).
 *
 * Throws a DataError: `invalid_argument` for an option, `failed_precondition` for a database that does not fit the
 * migrations, `unavailable` or `data_loss` for a file that cannot be opened.
 */
export async function openStore<M extends QueryModules>(options: SqliteOptions): Promise<Store<M>> {
  const resolved = resolveSqliteOptions(options);
  const trouble = createTroubleWatch(resolved.log);
  const shared = { bytes: { used: 0, max: resolved.maxQueuedBytes }, trouble };
  const reads = createSide("read", resolved, shared);
  const writes = createSide("write", resolved, shared);
  const { manifest, migrations, identity } = await writes.start();
  try {
    await reads.start(identity);
  } catch (error) {
    await writes.close();
    throw error;
  }

  let closed: Promise<void> | undefined;

  function close(): Promise<void> {
    closed ??= closeBoth();
    return closed;
  }

  async function closeBoth(): Promise<void> {
    // The writer goes last: the last connection to close is the one that folds the log into the file.
    await Promise.all([reads.close(), writes.drain()]);
    await writes.close();
  }

  return {
    queries: createQueryProxy<M>(
      manifest,
      (kind, query, input, callOptions) => (kind === "read" ? reads : writes).call(query, input, callOptions),
      createUnheard(resolved.log),
    ),
    database: resolved.file,
    created: migrations.created,
    migrations,
    async ping(pingOptions) {
      await Promise.all([
        reads.call(pingQuery, undefined, pingOptions),
        writes.call(trouble.writesFail ? pingWriteQuery : pingQuery, undefined, pingOptions),
      ]);
    },
    // One process serves a file.
    notices: noNotices,
    stats: () => ({ reads: reads.stats(), writes: writes.stats() }),
    close,
    [Symbol.asyncDispose]: close,
  };
}
