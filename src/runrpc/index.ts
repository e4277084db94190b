// `runrpc`: what an application and its services import. A `queries.ts` imports from `runrpc/query`, and the file of a
// database worker from `runrpc/worker`.
export { connectErrorFromDataError } from "./app/data-errors.ts";
export { type Accounts, type AppDefinition, type AppParts, defineApp } from "./app/define-app.ts";
export { type App, startApp } from "./app/start-app.ts";
export { type LoadedConfig, loadConfig } from "./config/config.ts";
export {
  type Chore,
  type ChoreOptions,
  type ChoreTimes,
  createChore,
  type StartChore,
} from "./data/chore.ts";
export { openSharedWriter, type SharedWriter } from "./data/open-shared-writer.ts";
export {
  openStore,
  type PostgresOptions,
  postgresDefaults,
  type SqliteOptions,
  type StoreOptions,
  storeDefaults,
} from "./data/open-store.ts";
export {
  type Cloned,
  DataError,
  type DataErrorCode,
  type Queries,
  type Store,
  type StoreStats,
} from "./data/store.ts";
export { pageTokenFromPosition, positionFromPageToken, refusedPageToken } from "./paging/page-token.ts";
export { type CreatedKey, createKey, hashKey, parseKey } from "./server/auth/format.ts";
export type { Authenticate, Identity } from "./server/auth/identity.ts";
export type { KeyStore, KeyUse, StoredKey } from "./server/auth/key-store.ts";
export { coversScope, type Principal, principalKey, requirePrincipal } from "./server/auth/principal.ts";
export type { CallStats } from "./server/call/calls.ts";
export type { CallRecord, CancelledBy, Protocol } from "./server/call/record.ts";
export type { MapError } from "./server/errors.ts";
export type { ListenerStats } from "./server/listener/listen.ts";
export { type ServerLog, silentLog } from "./server/log.ts";
export type { Policy } from "./server/routes/policy.ts";
export { defineService, type ServiceDefinition } from "./server/routes/service.ts";
export type {
  Answer,
  BidiStreaming,
  ClientStreaming,
  ServerStreaming,
  ServiceImpl,
  Unary,
} from "./server/routes/service-impl.ts";
export { skeleton } from "./server/routes/skeleton.ts";
export { sendHeaders } from "./server/send-headers.ts";
export { type Server, startServer } from "./server/server.ts";
export type { ServerOptions } from "./server/server-options.ts";
export type { ServerSettings } from "./server/settings.ts";
export { type DrainAtSignalOptions, drainAtSignal, type SignalSource, type StopSignal } from "./signals.ts";
export { createOutbox, type Outbox } from "./streams/outbox.ts";
export { createSharedReads, type SharedReads } from "./streams/shared-reads.ts";
export { createWakeups, type Subscription, type Wakeups } from "./streams/wakeup.ts";
export { type Offloaded, offload } from "./threads/offload.ts";
export { type ThreadedOptions, threaded } from "./threads/threaded.ts";
export { tuneGarbageCollection } from "./tune.ts";
export { checkStorable } from "./values/stored-json.ts";
export { dateFromTimestamp, timestampFromStored } from "./values/times.ts";
