import type { DescService } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { noAccounts } from "../app/accounts.ts";
import type { AppDefinition } from "../app/define-app.ts";
import { createDevelopmentKey } from "../app/development-key.ts";
import { transportOptions, withUnaryDeadline } from "../client/transport-options.ts";
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
 * Starts an application for a test as `startTestApp` does, but in memory: no port, no HTTP, no record, one protocol. The handlers are
 * behind the same keys or `authenticate`, scopes, rules and interceptors, and the database is a real one.
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
  // What was opened goes again where the rest cannot be.
  await using stack = new AsyncDisposableStack();
  const opened = stack.use(await openTestStore(definition, options));
  const { queries } = opened.store;
  const accounts = definition.accounts?.(opened) ?? noAccounts;
  const key = (await createDevelopmentKey(queries, accounts)) ?? "";
  const admin = createKeyAdmin(queries.runrpcKeys, accounts);
  const server = createMemoryServer({
    definitions: definition.services(opened),
    interceptorsFor: () => definition.interceptors?.(opened) ?? [],
    keys: createKeyStore(queries.runrpcKeys),
    authenticate: definition.authenticate?.(opened),
    mapError: definition.mapError ?? (() => undefined),
  });
  stack.defer(server.close);
  const all = stack.move();
  return {
    key,
    file: opened.file,
    ...createTestKeys((run) => run(admin)),
    client<S extends DescService>(service: S, options: ClientOptions = {}) {
      const { baseUrl: _, ...settings } = transportOptions("http://in-memory", {
        key,
        retry: false,
        ...options,
      });
      const client = createClient(service, withUnaryDeadline(server.transport(settings), options));
      return Object.assign(client, { [Symbol.dispose]() {} });
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
