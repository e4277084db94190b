import { serveQueries } from "runrpc/worker";
import { modules } from "./queries.ts";

export { modules };

await serveQueries(modules);
