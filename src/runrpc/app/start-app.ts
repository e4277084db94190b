import type { Registry } from "@bufbuild/protobuf";
import { ConfigError, type LoadedConfig, type ResolvedConfig } from "../config/config.ts";
import type { QueryModules } from "../data/query.ts";
import type { Debug } from "../debug/debug.ts";
import { isLogged, openLog } from "../log/log.ts";
import { createKeyAdmin } from "../platform/keys/admin.ts";
import { createKeyStore } from "../platform/keys/store.ts";
import { startRequestRetention, startRetention } from "../platform/request-log/retention.ts";
import { createRequestLogWriter } from "../platform/request-log/writer.ts";
import type { CallRecord } from "../server/call/record.ts";
import { skeletonsOf } from "../server/routes/skeleton.ts";
import { type Server, startServer } from "../server/server.ts";
import type { ServerMetrics } from "../server/server-metrics.ts";
import { tryListening } from "../server/try-listening.ts";
import { findTraces } from "../traces/traces.ts";
import { tuneGarbageCollection } from "../tune.ts";
import { isPostgresUrl } from "../url.ts";
import { alone } from "../workers/peers.ts";
import { noAccounts } from "./accounts.ts";
import { type AppMetrics, createAppMetrics } from "./app-metrics.ts";
import { createAppMonitor } from "./app-monitor.ts";
import { type AppPage, createSignInSecret, openAppPage, pageLinkAt } from "./app-page.ts";
import { openAppStore, partsOf, storeOptions } from "./app-store.ts";
import { askedOnce } from "./asked-once.ts";
import { checkConfig } from "./check-config.ts";
import { createChores, createChoresElsewhere } from "./chores.ts";
import { connectErrorFromDataError } from "./data-errors.ts";
import type { AppDefinition } from "./define-app.ts";
import { createDevelopmentKey } from "./development-key.ts";
import { exampleMethodOf } from "./example-method.ts";
import { createAppWakeups } from "./wakeups.ts";
import type { WorkerPart } from "./worker-part.ts";

/** A server with its database, running. */
export interface App extends Server {
  /** True when the database was made by this start. */
  readonly created: boolean;
  /** The database's file, absolute, or its URL without the password. */
  readonly database: string;
  /** Made where there is no key, outside production. It is kept nowhere: show it. */
  readonly developmentKey: string | undefined;
  /** The full names of the services of the application. */
  readonly services: readonly string[];
  /** A method to try the server with, such as `users.v1.UserService/ListUsers`: an empty request will do. */
  readonly exampleMethod: string | undefined;
  /** Where the page for people is, with a token that signs in once where it needs no key; undefined where there is none. */
  readonly pageLink: string | undefined;
  /** The methods whose handlers are still to be written, such as `parcels.v1.ParcelService/Track`. */
  readonly skeletons: readonly string[];
}

/** What a program that starts an application may ask for besides the configuration. */
export interface StartOptions {
  /** Takes the record of each call when the call has ended, logged or not. Default: nobody does. */
  readonly onRecord?: ((record: CallRecord) => void) | undefined;
  /** As for `startServer`. Default: `server.debug`. */
  readonly strictAnswers?: boolean | undefined;
  /** Debug mode, made before the application was loaded. Default: under `server.debug` one that is made now. */
  readonly debug?: Debug | undefined;
  /** The contracts with their comments, for the page and the monitor: asked once, when somebody looks. Default: there are none. */
  readonly contracts?: (() => Promise<Registry | undefined>) | undefined;
}

/**
 * Makes the debug mode of an application, for whoever wants to have it before the application is loaded: functions that
 * block are wrapped then.
 */
export async function createDebugMode({ debug }: Pick<ResolvedConfig, "debug">): Promise<Debug> {
  const { createDebug } = await import("../debug/debug.ts");
  return createDebug(debug);
}

/**
 * Opens the database and starts the server: configuration → store → platform → services → server. `drain` of what it
 * returns ends them in the opposite order.
 *
 * @throws Error (or DataError) that says what to change; nothing is left open then.
 */
export async function startApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  loaded: LoadedConfig,
  options: StartOptions = {},
): Promise<App> {
  const { count } = loaded.config.workers;
  if (count > 1)
    throw new ConfigError([
      `workers.count is ${count}: a program that starts an application is one process, \`runrpc serve\` starts several`,
    ]);
  checkConfig(loaded);
  return startProcess(definition, loaded, options);
}

/**
 * The same for one of several processes.
 *
 * @param part what it is told of the others; undefined where there are none
 */
export async function startProcess<M extends QueryModules>(
  definition: AppDefinition<M>,
  { config, production }: Pick<LoadedConfig, "config" | "production">,
  { onRecord = () => {}, strictAnswers = config.server.debug, ...given }: StartOptions,
  part?: WorkerPart,
): Promise<App> {
  tuneGarbageCollection();
  const { database, log: logSettings, monitor: monitorSettings, web, workers, ...settings } = config;
  // Both before a database is made or migrated, so that a start that fails leaves none behind.
  storeOptions(definition, database);
  if (part === undefined) await tryListening(settings);
  const traces = config.traces.enabled ? await findTraces(config.traces) : undefined;
  const log = openLog(logSettings, config.server.debug, traces?.fields, part?.number);
  const store = await openAppStore(definition, database, {
    log: log.logger,
    writer: part?.writer,
    servingLock: true,
  });
  const { newer } = store.migrations;
  const isFirst = part === undefined || part.number === 1;
  if (newer !== undefined && isFirst)
    log.logger.warn(
      { newer },
      "the database has later migrations than this code knows (database.allow_newer)",
    );
  const chores = isFirst ? createChores(log.logger) : createChoresElsewhere(part.wakeChore);
  part?.onWake(chores.wake);
  const debug = given.debug ?? (config.server.debug ? await createDebugMode(config) : undefined);
  const peers = part?.peers ?? alone();
  debug?.tellOfAll(peers);
  let server: Server | undefined;
  try {
    const signIn = production
      ? undefined
      : { ...(part?.signIn ?? createSignInSecret()), subject: () => accounts.developer() };
    const metrics = config.metrics.enabled ? await createAppMetrics() : undefined;
    const contracts = production ? undefined : given.contracts && askedOnce(given.contracts);
    const page: AppPage | undefined = web.enabled
      ? await openAppPage({
          hosts: web.hosts,
          signIn,
          peers,
          contracts,
          traceLink: config.traces.link,
        })
      : undefined;
    const timed = metrics?.aroundQueries(store.queries) ?? store.queries;
    const traced =
      traces?.aroundQueries(timed, isPostgresUrl(database.url) ? "postgresql" : "sqlite") ?? timed;
    const queries = page?.page.aroundQueries(traced) ?? traced;
    const plain = partsOf(queries, log.logger, chores.start, createAppWakeups(store.notices));
    const parts = debug === undefined ? plain : { ...plain, queries: debug.aroundQueries(plain.queries) };
    const requestLog = createRequestLogWriter(queries.runrpcRequestLog, { ...logSettings, log: log.logger });
    const commits = part?.writer === undefined;
    metrics?.collect({ store: store.stats, requestLog: requestLog.stats, commits });
    startRetention(queries.runrpcRequestLog, logSettings.retentionHours, chores.start);
    if (logSettings.requests)
      startRequestRetention(queries.runrpcRequestLog, logSettings.maxKeptRequests, chores.start);
    const services = definition.services(parts);
    const { mapError = () => undefined } = definition;
    const accounts = definition.accounts?.(parts) ?? noAccounts;
    const monitor = monitorSettings.enabled
      ? await createAppMonitor({
          requestLog: queries.runrpcRequestLog,
          keys: createKeyAdmin(queries.runrpcKeys, accounts),
          data: { store: store.stats, requestLog: requestLog.stats },
          peers,
          contracts,
        })
      : undefined;
    const keys = createKeyStore(queries.runrpcKeys);
    const started = await startServer({
      ...settings,
      services,
      codecs: definition.codecs ?? [],
      interceptors: definition.interceptors?.(parts) ?? [],
      keys: page === undefined ? keys : page.keysOver(keys),
      ...(definition.authenticate === undefined ? {} : { authenticate: definition.authenticate(parts) }),
      mapError: (reason) => mapError(reason) ?? connectErrorFromDataError(reason),
      probe: (signal) => store.ping({ signal }),
      log: log.logger,
      production,
      strictAnswers,
      ...(debug === undefined ? {} : { watch: debug }),
      ...(metrics === undefined ? {} : { counter: counterFor(metrics, part) }),
      ...(traces === undefined ? {} : { tracing: traces }),
      ...(monitor === undefined ? {} : { monitor }),
      ...(page === undefined ? {} : { page: page.page }),
      ...(logSettings.requests ? { keepRequests: { maxBytes: logSettings.maxKeptRequestBytes } } : {}),
      ...(part === undefined ? {} : { part: { sockets: part.sockets, processes: workers.count } }),
      onRecord(record) {
        monitor?.record(record);
        if (isLogged(logSettings.mode, record)) {
          log.access(record);
          if (logSettings.table) requestLog.write(record);
        }
        // Last, so that what it throws takes nothing from the log; and given back, so that what it rejects with is heard.
        return onRecord(record);
      },
    });
    server = started;
    const makeDevelopmentKey = async () =>
      production ? undefined : await createDevelopmentKey(queries, accounts);
    // Last of all: a key that was made by a start that failed would never be shown.
    const developmentKey = part === undefined ? await makeDevelopmentKey() : undefined;
    part?.onDevelopmentKey(makeDevelopmentKey);
    async function drain(how: Parameters<Server["drain"]>[0]): Promise<void> {
      await started.drain(how);
      await chores.close();
      await requestLog.close();
      await store.close();
      log.flush();
    }
    let drained: Promise<void> | undefined;
    return {
      ...started,
      created: store.created,
      database: store.database,
      developmentKey,
      services: services.map(({ service }) => service.typeName),
      exampleMethod: exampleMethodOf(services),
      pageLink: page && (await pageLinkAt(started.url, signIn?.secret)),
      skeletons: skeletonsOf(services),
      drain: (how) => (drained ??= drain(how)),
    };
  } catch (error) {
    await server?.drain();
    await debug?.close();
    await chores.close();
    await store.close();
    log.flush();
    throw error;
  }
}

/** Of several processes each tells the metrics of all. */
function counterFor(metrics: AppMetrics, part: WorkerPart | undefined): ServerMetrics {
  return part === undefined ? metrics : { ...metrics, exposition: part.metrics(metrics.exposition) };
}
