// What the package exports. Queries import from `runrpc/query`, and the file of a worker from `runrpc/worker`.
export {
  type Cloned,
  DataError,
  type DataErrorCode,
  openStore,
  type Queries,
  type Store,
  type StoreOptions,
  type StoreStats,
  storeDefaults,
} from "./data/store.ts";
export { type CreatedKey, createKey, hashKey, parseKey } from "./server/auth/format.ts";
export type { Authenticate, Identity } from "./server/auth/identity.ts";
export type { KeyStore, KeyUse, StoredKey } from "./server/auth/key-store.ts";
export { coversScope, type Principal, principalKey, requireUser } from "./server/auth/principal.ts";
export type { CallStats } from "./server/call/calls.ts";
export type { CallRecord, CancelledBy, Protocol } from "./server/call/record.ts";
export type { MapError } from "./server/errors.ts";
export type { ListenerStats } from "./server/listener/listen.ts";
export { type ServerLog, silentLog } from "./server/log.ts";
export type { Policy } from "./server/routes/policy.ts";
export { defineService, type ServiceDefinition } from "./server/routes/service.ts";
export { sendHeaders } from "./server/send-headers.ts";
export { type Server, type ServerOptions, startServer } from "./server/server.ts";
export type { ServerSettings } from "./server/settings.ts";
export { tuneGarbageCollection } from "./tune.ts";
