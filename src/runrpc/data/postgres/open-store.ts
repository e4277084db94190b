import { AsyncLocalStorage } from "node:async_hooks";
import { sql } from "drizzle-orm";
import type { PendingCall } from "../call-queue.ts";
import { listQueries, type NamedQuery } from "../manifest.ts";
import type { QueryModules } from "../query.ts";
import { createQueryProxy } from "../query-proxy.ts";
import type { Store } from "../store.ts";
import { createTroubleWatch } from "../trouble.ts";
import { createUnheard } from "../unheard.ts";
import { createCanceller } from "./cancel.ts";
import { type Connection, type ConnectionOptions, openConnection } from "./connection.ts";
import { migrateResolved } from "./migrate.ts";
import { createNotices } from "./notices.ts";
import { createPool, type Kind } from "./pool.ts";
import { startRun } from "./run.ts";
import { createReads } from "./run-reads.ts";
import { createWrites } from "./run-writes.ts";
import {
  type PostgresOptions,
  type ResolvedPostgresOptions,
  resolvePostgresOptions,
} from "./store-options.ts";

/**
 * Opens a database on a server: applies the migrations, then serves the queries of `modules` in this thread, over
 * connections that are opened as they are needed.
 *
 * Throws a DataError: `invalid_argument` for an option, `failed_precondition` for a database that does not fit the
 * migrations, `unavailable` for one that cannot be reached.
 */
export async function openStore<M extends QueryModules>(options: PostgresOptions): Promise<Store<M>> {
  const resolved = resolvePostgresOptions(options);
  const { manifest, queries } = listQueries(await resolved.modules());
  const migrations = await migrateResolved(resolved);
  const trouble = createTroubleWatch(resolved.log);
  const origin = new AsyncLocalStorage<object>();
  const canceller = createCanceller(connectionOptions(resolved, "runrpc cancel"));
  const notices = createNotices(connectionOptions(resolved, "runrpc notices"));
  const run = { read: createReads(), write: createWrites(resolved.maxRetryMs, notices.doubt) };
  const pool = createPool({
    limits: resolved,
    trouble,
    open: () => openConnection(connectionOptions(resolved, "runrpc"), origin),
    find: (number) => queries[number] ?? (number === pingWriteQuery ? pingWrite : ping),
    run: (kind: Kind, connection: Connection, query: NamedQuery, call: PendingCall) =>
      run[kind](startRun(connection, query, call, canceller)),
  });
  let closed: Promise<void> | undefined;

  function close(): Promise<void> {
    closed ??= pool.close().then(async () => {
      await Promise.all([canceller.close(), notices.close()]);
    });
    return closed;
  }

  return {
    queries: createQueryProxy<M>(manifest, pool.call, createUnheard(resolved.log)),
    database: resolved.address.shown,
    created: migrations.created,
    migrations,
    async ping(pingOptions) {
      await Promise.all([
        pool.call("read", pingQuery, undefined, pingOptions),
        pool.call("write", trouble.writesFail ? pingWriteQuery : pingQuery, undefined, pingOptions),
      ]);
    },
    notices,
    stats: () => ({ reads: pool.stats("read"), writes: pool.stats("write") }),
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** How the connections of a store are opened; `name` is what the server lists them as. */
export function connectionOptions(
  { address, connectTimeoutMs, statementTimeoutMs, maxResultBytes }: ResolvedPostgresOptions,
  name: string,
): ConnectionOptions {
  return { address, connectTimeoutMs, statementTimeoutMs, maxResultBytes, name };
}

/** Below the numbers of queries. */
const pingQuery = -1;
const pingWriteQuery = -2;

const ping: NamedQuery = {
  name: "ping",
  run: async (db) => db.select({ one: sql`1` }).from(sql`(select 1) as one`),
};

/** Takes the number of a transaction, which a server that takes no writes does not give. */
const pingWrite: NamedQuery = {
  name: "ping",
  run: async (db) => db.select({ id: sql`id` }).from(sql`cast(pg_current_xact_id() as text) as id`),
};
