import { create } from "@bufbuild/protobuf";
import { LogSchema } from "../../gen/runrpc/config/v1/config_pb.ts";
import { connectErrorFromDataError } from "../../src/runrpc/app/data-errors.ts";
import { createDevelopmentKey } from "../../src/runrpc/app/development-key.ts";
import { openStore, type StoreOptions } from "../../src/runrpc/data/open-store.ts";
import type { Store } from "../../src/runrpc/data/store.ts";
import { openLog } from "../../src/runrpc/log/log.ts";
import { createKeyStore } from "../../src/runrpc/platform/keys/store.ts";
import { type PlatformModules, platformMigrations } from "../../src/runrpc/platform/modules.ts";
import {
  createRequestLogWriter,
  type RequestLogStats,
} from "../../src/runrpc/platform/request-log/writer.ts";
import type { ServerOptions } from "../../src/runrpc/server/server-options.ts";
import { createAccounts } from "../../test/app/accounts.ts";
import type { Modules } from "../../test/app/queries.ts";

/** All that a server of ours does beside its handlers, from the parts that `startApp` joins, over the tables of the tests' application. */
export interface Assembly<M extends Modules> {
  readonly store: Store<M & PlatformModules>;
  readonly key: string;
  /** Keys, records, access line and request log, to be spread into the options of `startServer`. */
  readonly options: Pick<ServerOptions, "keys" | "mapError" | "probe" | "log" | "onRecord">;
  requestLogStats(): RequestLogStats;
}

/** Opens a database in `folder`, with one user and one key. The access line goes to standard output. */
export async function assemble<M extends Modules>(
  folder: string,
  worker: URL = new URL("../../test/app/worker.ts", import.meta.url),
): Promise<Assembly<M>> {
  const storeOptions: StoreOptions = {
    file: `${folder}/bench.sqlite`,
    worker,
    migrations: [
      platformMigrations,
      { journal: "migrations", folder: new URL("../../test/app/migrations/", import.meta.url) },
    ],
  };
  const store = await openStore<M & PlatformModules>(storeOptions);
  const queries: Store<Modules & PlatformModules>["queries"] = store.queries;
  const key = await createDevelopmentKey(queries, createAccounts(queries.rig));
  if (key === undefined) throw new Error(`${folder} has a database already`);
  const settings = create(LogSchema, { mode: "all", format: "json" });
  const log = openLog(settings, false);
  const requestLog = createRequestLogWriter(queries.runrpcRequestLog, {
    maxQueuedRecords: settings.maxQueuedRecords,
    log: log.logger,
  });
  return {
    store,
    key,
    options: {
      keys: createKeyStore(queries.runrpcKeys),
      mapError: connectErrorFromDataError,
      probe: (signal) => store.ping({ signal }),
      log: log.logger,
      onRecord(record) {
        log.access(record);
        requestLog.write(record);
      },
    },
    requestLogStats: requestLog.stats,
  };
}
