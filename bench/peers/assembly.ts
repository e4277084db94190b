import { create } from "@bufbuild/protobuf";
import { LogSchema } from "../../gen/runrpc/config/v1/config_pb.ts";
import { connectErrorFromDataError } from "../../src/runrpc/app/data-errors.ts";
import { openStore, type Store, type StoreOptions } from "../../src/runrpc/data/store.ts";
import { openLog } from "../../src/runrpc/log/log.ts";
import { createKeyStore } from "../../src/runrpc/platform/keys/store.ts";
import {
  createRequestLogWriter,
  type RequestLogStats,
} from "../../src/runrpc/platform/request-log/writer.ts";
import { createKey } from "../../src/runrpc/server/auth/format.ts";
import type { ServerOptions } from "../../src/runrpc/server/server.ts";
import type { Modules } from "../../src/worker.ts";

/** All that a server of ours does beside its handlers, from the parts that src/main.ts joins. */
export interface Assembly<M extends Modules> {
  readonly store: Store<M>;
  readonly key: string;
  /** Keys, records, access line and request log, to be spread into the options of `startServer`. */
  readonly options: Pick<ServerOptions, "keys" | "mapError" | "probe" | "log" | "onRecord">;
  requestLogStats(): RequestLogStats;
}

/** Opens a database in `folder`, with one user and one key. The access line goes to standard output. */
export async function assemble<M extends Modules>(
  folder: string,
  worker: URL = new URL("../../src/worker.ts", import.meta.url),
): Promise<Assembly<M>> {
  const storeOptions: StoreOptions = {
    file: `${folder}/bench.sqlite`,
    worker,
    migrations: new URL("../../src/services/migrations/", import.meta.url),
  };
  const store = await openStore<M>(storeOptions);
  const queries: Store<Modules>["queries"] = store.queries;
  const { key, keyId, hash } = createKey();
  await queries.bootstrap.bootstrap({ keyId, hash, at: new Date() });
  const settings = create(LogSchema, { mode: "all", format: "json" });
  const log = openLog(settings, false);
  const requestLog = createRequestLogWriter(queries.requestLog, {
    maxQueuedRecords: settings.maxQueuedRecords,
    retentionHours: settings.retentionHours,
    log: log.logger,
  });
  return {
    store,
    key,
    options: {
      keys: createKeyStore(queries.keys),
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
