import type { LoadedConfig } from "../config/config.ts";
import type { QueryModules } from "../data/query.ts";
import { createKeyAdmin, type KeyAdmin } from "../platform/keys/admin.ts";
import { silentLog } from "../server/log.ts";
import { createWakeups } from "../streams/wakeup.ts";
import { noAccounts } from "./accounts.ts";
import { openAppStore, partsOf, storeOptions } from "./app-store.ts";
import { checkBeforeMaking } from "./check-config.ts";
import type { AppDefinition } from "./define-app.ts";
import { BUILT_IN_SCOPES, scopesOf } from "./scopes.ts";

/** The table of keys, open. Whoever opens it closes it. */
export interface OpenKeys extends KeyAdmin, AsyncDisposable {
  /** The scopes that the application's methods ask for, and the package's own; none where its methods ask for none. */
  knownScopes(): readonly string[];
}

/** Opens the table of keys of an application, for the `keys` command. Safe beside a running server. */
export async function openKeys<M extends QueryModules>(
  definition: AppDefinition<M>,
  loaded: LoadedConfig,
): Promise<OpenKeys> {
  const { database } = loaded.config;
  await checkBeforeMaking(loaded, storeOptions(definition, database));
  const store = await openAppStore(definition, { ...database, readers: 1, connections: 1 });
  const parts = partsOf(store.queries, silentLog, () => () => {}, createWakeups());
  const accounts = definition.accounts?.(parts) ?? noAccounts;
  return {
    ...createKeyAdmin(store.queries.runrpcKeys, accounts),
    knownScopes() {
      const asked = scopesOf(definition.services(parts));
      return asked.length === 0 ? [] : [...asked, ...BUILT_IN_SCOPES];
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}
