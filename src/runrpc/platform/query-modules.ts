import type { QueryModules } from "../data/query.ts";
import { keyQueries } from "./keys/queries.ts";
import type { PlatformModules } from "./modules.ts";
import { requestLogQueries } from "./request-log/queries.ts";

const platform: PlatformModules = {
  runrpcKeys: keyQueries,
  runrpcRequestLog: requestLogQueries,
};

/** The queries of an application and those of the platform. Throws for a module with a name of the platform's. */
export function withPlatform(modules: QueryModules): QueryModules {
  const taken = Object.keys(modules).find((name) => Object.hasOwn(platform, name));
  if (taken !== undefined)
    throw new Error(`the query module ${taken} has a name of the platform's: give it another`);
  return { ...modules, ...platform };
}
