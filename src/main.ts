// The composition root: configuration → store → services → server. Read this first.
import { randomUUID } from "node:crypto";
import { ChatService } from "../gen/chat/v1/chat_pb.ts";
import { EventService } from "../gen/events/v1/events_pb.ts";
import { LogService } from "../gen/logs/v1/logs_pb.ts";
import type { Database } from "../gen/runrpc/config/v1/config_pb.ts";
import { UserService } from "../gen/users/v1/users_pb.ts";
import { connectErrorFromDataError } from "./runrpc/app/data-errors.ts";
import { ConfigError, type LoadedConfig } from "./runrpc/config/config.ts";
import { type BackupOptions, type BackupReport, backupDatabase as backUp } from "./runrpc/data/backup.ts";
import { createChore } from "./runrpc/data/chore.ts";
import { fileFromUrl } from "./runrpc/data/database-url.ts";
import { type Examination, examineDatabase as examine } from "./runrpc/data/doctor.ts";
import { type MigrationsReport, migrateDatabase as migrate } from "./runrpc/data/migrate.ts";
import { openStore, type Store, type StoreOptions } from "./runrpc/data/store.ts";
import { isLogged, openLog } from "./runrpc/log/log.ts";
import { createKeyAdmin, type KeyAdmin, type KeyOwners } from "./runrpc/platform/keys/admin.ts";
import { createKeyStore } from "./runrpc/platform/keys/store.ts";
import { createRequestLogWriter } from "./runrpc/platform/request-log/writer.ts";
import { createKey } from "./runrpc/server/auth/format.ts";
import { defineService, type ServiceDefinition } from "./runrpc/server/routes/service.ts";
import { type Server, startServer } from "./runrpc/server/server.ts";
import { tryListening } from "./runrpc/server/try-listening.ts";
import { tuneGarbageCollection } from "./runrpc/tune.ts";
import { createChatService } from "./services/chat/service.ts";
import { createEventService } from "./services/events/service.ts";
import { createLogService } from "./services/logs/service.ts";
import { createUserService } from "./services/users/service.ts";
import type { Modules } from "./worker.ts";

/** A server with its database, running. */
export interface App extends Server {
  /** True when the database was made by this start. */
  readonly created: boolean;
  /** Made where there is no user, outside production. It is kept nowhere: show it. */
  readonly developmentKey: string | undefined;
  /** A method to try the server with: an empty request will do. */
  readonly exampleMethod: string;
}

/** YOUR SERVICES: add one here. What a service needs is handed to it. */
function services({ queries }: Store<Modules>, removeDeleted: () => void): readonly ServiceDefinition[] {
  return [
    defineService(UserService, createUserService(queries.users, removeDeleted)),
    defineService(EventService, createEventService(queries.events)),
    defineService(LogService, createLogService(queries.logs)),
    defineService(ChatService, createChatService(queries.chat)),
  ];
}

/**
 * Opens the database and starts the server. `drain` of what it returns ends both.
 *
 * @throws Error (or DataError) that says what to change; nothing is left open then.
 */
export async function startApp({ config, production }: LoadedConfig): Promise<App> {
  tuneGarbageCollection();
  const { database, log: logSettings, ...settings } = config;
  const options = storeOptions(database);
  // Before a database is made or migrated, so that a start that fails leaves none behind.
  await tryListening(settings);
  const log = openLog(logSettings, config.server.debug);
  const store = await openStore<Modules>({ ...options, log: log.logger });
  const { newer } = store.migrations;
  if (newer !== undefined)
    log.logger.warn(
      { newer },
      "the database has later migrations than this code knows (database.allow_newer)",
    );
  const { users } = store.queries;
  const removal = createChore((writeOptions) => users.removeDeleted(undefined, writeOptions), {
    onError: (err) => log.logger.warn({ err }, "what deleted users owned is not removed yet"),
  });
  let server: Server | undefined;
  try {
    const requestLog = createRequestLogWriter(store.queries.requestLog, {
      ...logSettings,
      log: log.logger,
    });
    const started = await startServer({
      ...settings,
      services: services(store, removal.wake),
      keys: createKeyStore(store.queries.keys),
      mapError: connectErrorFromDataError,
      probe: (signal) => store.ping({ signal }),
      log: log.logger,
      production,
      onRecord(record) {
        if (!isLogged(logSettings.mode, record)) return;
        log.access(record);
        if (logSettings.table) requestLog.write(record);
      },
    });
    server = started;
    // Last of all: a key that was made by a start that failed would never be shown.
    const developmentKey = production ? undefined : await bootstrap(store);
    async function drain(): Promise<void> {
      await started.drain();
      await removal.close();
      await requestLog.close();
      await store.close();
      log.flush();
    }
    let drained: Promise<void> | undefined;
    return {
      ...started,
      created: store.created,
      developmentKey,
      exampleMethod: `${UserService.typeName}/${UserService.method.listUsers.name}`,
      drain: () => (drained ??= drain()),
    };
  } catch (error) {
    await server?.drain();
    await removal.close();
    await store.close();
    log.flush();
    throw error;
  }
}

/** Applies the migrations to the database of the configuration, which is made when there is none. */
export function migrateDatabase({ config }: LoadedConfig): Promise<MigrationsReport> {
  return migrate(storeOptions(config.database));
}

/** Copies the database of the configuration into a file, for the `backup` command. Safe beside a running server. */
export function backupDatabase(
  { config }: LoadedConfig,
  target: string,
  options: BackupOptions,
): Promise<BackupReport> {
  return backUp(storeOptions(config.database), target, options);
}

/** Looks the database of the configuration over, for the `doctor` command. Safe beside a running server. */
export function examineDatabase({ config }: LoadedConfig): Promise<Examination> {
  return examine(storeOptions(config.database));
}

/** Opens the table of keys, for the `keys` command. Safe beside a running server. */
export async function openKeys({ config }: LoadedConfig): Promise<KeyAdmin & { close(): Promise<void> }> {
  const store = await openStore<Modules>({ ...storeOptions(config.database), readers: 1 });
  const { users, keys } = store.queries;
  const owners: KeyOwners = {
    async find(user) {
      const byEmail = await users.findUserByEmail({ email: user });
      return (byEmail ?? (await users.getUser({ id: user }))).id;
    },
    async create(email) {
      if (!email.includes("@")) throw new Error(`${email} is not an email: a new user needs one`);
      const { id } = await users.createUser({ id: randomUUID(), email, displayName: email, at: new Date() });
      return id;
    },
  };
  return { ...createKeyAdmin(keys, owners), close: () => store.close() };
}

/** The first user and key, so that the first call works; none where there is a user. */
async function bootstrap({ queries }: Store<Modules>): Promise<string | undefined> {
  if (!(await queries.bootstrap.isUnused())) return undefined;
  const { key, keyId, hash } = createKey();
  await queries.bootstrap.bootstrap({ keyId, hash, at: new Date() });
  return key;
}

function storeOptions({ url, ...database }: Database): StoreOptions {
  // A worker is not an import: the compiler leaves its name alone, so it takes the ending of this file.
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return {
    file: fileOf(url),
    worker: new URL(`./worker.${ending}`, import.meta.url),
    migrations: new URL("./services/migrations/", import.meta.url),
    readers: database.readers,
    maxQueuedReads: database.maxQueuedQueries,
    maxQueuedWrites: database.maxQueuedQueries,
    maxQueuedBytes: database.maxQueuedBytes,
    heapMb: database.workerHeapMb,
    allowNewer: database.allowNewer,
  };
}

/** @throws ConfigError for what names no SQLite file. */
function fileOf(url: string): string {
  try {
    return fileFromUrl(url);
  } catch (error) {
    throw new ConfigError([`database.url ${error instanceof Error ? error.message : String(error)}`]);
  }
}
