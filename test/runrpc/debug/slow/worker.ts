import { serveQueries } from "runrpc/worker";
import { slowQueries } from "./queries.ts";

export const modules = { numbers: slowQueries };
export type Modules = typeof modules;

await serveQueries(modules);
