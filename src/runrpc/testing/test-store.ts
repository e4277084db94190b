import { create } from "@bufbuild/protobuf";
import { DatabaseSchema } from "../../../gen/runrpc/config/v1/config_pb.ts";
import { type AppStore, openAppStore, partsOf } from "../app/app-store.ts";
import { createChores } from "../app/chores.ts";
import type { AppDefinition, AppParts } from "../app/define-app.ts";
import { createAppWakeups } from "../app/wakeups.ts";
import type { QueryModules } from "../data/query.ts";
import { silentLog } from "../server/log.ts";
import { makeTestDatabase, type TestDatabaseOptions } from "./test-database.ts";

/** An application's database in a folder of its own, without a server. */
export interface TestStore<M extends QueryModules> extends AppParts<M>, AsyncDisposable {
  /** The database file; on Postgres the URL without its password. */
  readonly file: string;
  /** The same database with the platform's queries, for the tests of what reads them. */
  readonly store: AppStore<M>;
}

/**
 * Makes and migrates a database for the tests of services and queries: what the parts of an application are made from.
 * The database goes when it is disposed of.
 */
export async function openTestStore<M extends QueryModules>(
  definition: AppDefinition<M>,
  options: TestDatabaseOptions = {},
): Promise<TestStore<M>> {
  // What was opened goes again where the rest cannot be.
  await using opened = new AsyncDisposableStack();
  const database = opened.use(await makeTestDatabase(options));
  const store = await openAppStore(definition, create(DatabaseSchema, { url: database.url, readers: 1 }));
  opened.defer(() => store.close());
  const chores = createChores(silentLog);
  opened.defer(() => chores.close());
  const parts = partsOf(store.queries, silentLog, chores.start, createAppWakeups(store.notices));
  const all = opened.move();
  return { ...parts, file: store.database, store, [Symbol.asyncDispose]: () => all.disposeAsync() };
}
