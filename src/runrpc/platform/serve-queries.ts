import type { QueryModules } from "../data/query.ts";
import { serveQueries as serve } from "../data/sqlite/serve-queries.ts";
import { withPlatform } from "./query-modules.ts";

/**
 * The whole of a worker's main: opens the database as the application asked, and serves the application's queries and
 * the platform's until the store closes. Call it once, in the file that `defineApp` is given as `worker`, which exports the
 * queries as well:
 *
 *     export const modules = { users: userQueries, events: eventQueries };
 *     export type Modules = typeof modules;
 *     await serveQueries(modules);
 *
 * On Postgres there are no workers: the file is imported for its `modules`, and this does nothing. Throws for a module with
 * a name of the platform's.
 */
export async function serveQueries(modules: QueryModules): Promise<void> {
  await serve(withPlatform(modules));
}
