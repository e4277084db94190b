import type { QueryModules } from "../data/query.ts";
import { serveQueries as serve } from "../data/sqlite/serve-queries.ts";
import { keyQueries } from "./keys/queries.ts";
import type { PlatformModules } from "./modules.ts";
import { requestLogQueries } from "./request-log/queries.ts";

const platform: PlatformModules = {
  runrpcKeys: keyQueries,
  runrpcRequestLog: requestLogQueries,
};

/**
 * The whole of a worker's main: opens the database as the application asked, and serves the application's queries and
 * the platform's until the store closes. Call it once, in the file that `defineApp` is given as `worker`:
 *
 *     const modules = { users: userQueries, events: eventQueries };
 *     export type Modules = typeof modules;
 *     await serveQueries(modules);
 *
 * Throws when it is called outside of a store's worker, and for a module with a name of the platform's.
 */
export async function serveQueries(modules: QueryModules): Promise<void> {
  const taken = Object.keys(modules).find((name) => Object.hasOwn(platform, name));
  if (taken !== undefined)
    throw new Error(`the query module ${taken} has a name of the platform's: give it another`);
  await serve({ ...modules, ...platform });
}
