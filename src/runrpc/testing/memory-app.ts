import type { DescService } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { noAccounts } from "../app/accounts.ts";
import type { AppDefinition } from "../app/define-app.ts";
import { createDevelopmentKey } from "../app/development-key.ts";
import { keyInterceptor } from "../client/key.ts";
import type { ClientOptions } from "../client.ts";
import type { QueryModules } from "../data/query.ts";
import { createKeyAdmin } from "../platform/keys/admin.ts";
import { createKeyStore } from "../platform/keys/store.ts";
import { createMemoryServer } from "./memory-server.ts";
import type { TestCaller } from "./test-caller.ts";
import type { TestDatabaseOptions } from "./test-database.ts";
import { createTestKeys } from "./test-keys.ts";
import { openTestStore } from "./test-store.ts";

/**
 * Starts an application for a test as `startTestApp` does, but in memory: no port, no HTTP, no record. The handlers are
 * behind the same keys, scopes, rules and interceptors, and the database is a real one.
 *
 *     for (const start of [startMemoryApp, startTestApp]) {
 *       test(`${start.name}: a user who was created is found`, async () => {
 *         await using app = await start(definition);
 *         …
 *       });
 *     }
 */
export async function startMemoryApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  options: TestDatabaseOptions = {},
): Promise<TestCaller> {
  const opened = await openTestStore(definition, options);
  const { queries } = opened.store;
  const accounts = definition.accounts?.(opened) ?? noAccounts;
  const key = (await createDevelopmentKey(queries, accounts)) ?? "";
  const admin = createKeyAdmin(queries.runrpcKeys, accounts);
  const server = createMemoryServer({
    definitions: definition.services(opened),
    interceptorsFor: () => definition.interceptors?.(opened) ?? [],
    keys: createKeyStore(queries.runrpcKeys),
    mapError: definition.mapError ?? (() => undefined),
  });
  return {
    key,
    file: opened.file,
    ...createTestKeys((run) => run(admin)),
    client<S extends DescService>(service: S, { key: own = key, interceptors = [] }: ClientOptions = {}) {
      const client = createClient(service, server.transport([...interceptors, keyInterceptor(own)]));
      return Object.assign(client, { [Symbol.dispose]() {} });
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await opened[Symbol.asyncDispose]();
    },
  };
}
