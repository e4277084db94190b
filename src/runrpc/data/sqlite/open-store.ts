import { isDeepStrictEqual } from "node:util";
import { DataError } from "../data-error.ts";
import type { Manifest } from "../manifest.ts";
import { type Notices, noNotices } from "../notices.ts";
import type { QueryModules } from "../query.ts";
import { createQueryProxy } from "../query-proxy.ts";
import type { Store } from "../store.ts";
import { createTroubleWatch } from "../trouble.ts";
import { createUnheard } from "../unheard.ts";
import { createRemoteSide } from "./shared-writer/remote-side.ts";
import { createSide, type Shared, type Side } from "./side.ts";
import { type ResolvedSqliteOptions, resolveSqliteOptions, type SqliteOptions } from "./store-options.ts";
import { pingQuery, pingWriteQuery } from "./thread-protocol.ts";

/**
 * Opens a database: starts one writer, which makes the file and applies the migrations, then the readers. With `writer` it
 * connects to that of another process instead, which has done so. `M` is the type of what the worker file serves
 * (`import type { Modules } from "../../data/worker.ts"`).
 *
 * Throws a DataError: `invalid_argument` for an option, `failed_precondition` for a database that does not fit the
 * migrations, `unavailable` or `data_loss` for a file that cannot be opened.
 */
export async function openStore<M extends QueryModules>(options: SqliteOptions): Promise<Store<M>> {
  const resolved = resolveSqliteOptions(options);
  const trouble = createTroubleWatch(resolved.log);
  const shared = { bytes: { used: 0, max: resolved.maxQueuedBytes }, trouble };
  const reads = createSide("read", resolved, shared);
  const { writes, notices } = createWrites(resolved, shared);
  const { manifest, migrations, identity } = await writes.start();
  try {
    checkManifests(manifest, (await reads.start(identity)).manifest);
  } catch (error) {
    await reads.close();
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
    notices,
    stats: () => ({ reads: reads.stats(), writes: writes.stats() }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** A writer thread, or the way to the process that has one. */
function createWrites(
  options: ResolvedSqliteOptions,
  shared: Shared,
): { readonly writes: Side; readonly notices: Notices } {
  const { writer } = options;
  // Without one there is nobody to tell: one process serves the file.
  if (writer === undefined) return { writes: createSide("write", options, shared), notices: noNotices };
  const remote = createRemoteSide(writer, options, shared);
  return { writes: remote, notices: remote.notices };
}

/** Calls go by the numbers of the queries, which both sides have to count alike. */
function checkManifests(writer: Manifest, reader: Manifest): void {
  if (isDeepStrictEqual(writer, reader)) return;
  throw new DataError(
    "failed_precondition",
    "the process that writes serves other queries than this one: start both again",
  );
}
