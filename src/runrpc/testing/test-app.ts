import type { AppDefinition } from "../app/define-app.ts";
import { openKeys } from "../app/open-keys.ts";
import { type App, startApp } from "../app/start-app.ts";
import { connect } from "../client.ts";
import { type FlagValues, loadConfig } from "../config/config.ts";
import type { QueryModules } from "../data/query.ts";
import type { CallRecord } from "../server/call/record.ts";
import { createRecords } from "./records.ts";
import type { TestCaller } from "./test-caller.ts";
import { makeTestDatabase, type TestDatabaseOptions } from "./test-database.ts";
import { createTestKeys } from "./test-keys.ts";

/** How a test's application differs from a real one. */
export interface TestAppOptions extends TestDatabaseOptions {
  /** Values of the configuration by path, such as `{ "limits.max_request_bytes": "1024" }`. */
  readonly config?: FlagValues | undefined;
}

/** A whole application, running on a free port of 127.0.0.1 over a database of its own. */
export interface TestApp extends TestCaller {
  readonly app: App;
  readonly url: string;
  /** The records of the calls that have ended, in the order in which they ended. */
  readonly records: readonly CallRecord[];
  /** The record of the next call that ends, or of the first that has ended and was not asked for. */
  nextRecord(): Promise<CallRecord>;
  /** Ends the server in good order: open calls may finish. Disposing of the application does so too. */
  drain(): Promise<void>;
}

/**
 * Starts an application for a test: nothing is logged, and initialisers with a field that their message does not have are
 * refused.
 *
 *     await using app = await startTestApp(definition);
 *     const { user } = await app.client(UserService).createUser({ email: "ada@example.com" });
 */
export async function startTestApp<M extends QueryModules>(
  definition: AppDefinition<M>,
  { config = {}, ...options }: TestAppOptions = {},
): Promise<TestApp> {
  // What was opened goes again where the rest cannot be.
  await using opened = new AsyncDisposableStack();
  const { folder, url } = opened.use(await makeTestDatabase(options));
  const fixed = {
    "server.host": "127.0.0.1",
    "server.port": "0",
    "database.url": url,
    "log.level": "fatal",
  };
  const loaded = await loadConfig({ folder, flags: { ...fixed, "log.mode": "off", ...config } });
  const records = createRecords();
  const app = await startApp(definition, loaded, { onRecord: records.take, strictAnswers: true });
  opened.defer(app.drain);
  const key = app.developmentKey;
  if (key === undefined)
    throw new Error("the application made no key for its database, which was made just now");
  const clients = opened.use(new DisposableStack());
  const all = opened.move();

  return {
    app,
    url: app.url,
    key,
    file: app.database,
    ...createTestKeys(async (run) => {
      await using keys = await openKeys(definition, loaded);
      return await run(keys);
    }),
    client: (service, options = {}) =>
      clients.use(connect(app.url, service, { key, retry: false, ...options })),
    records: records.all,
    nextRecord: records.next,
    drain: app.drain,
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
