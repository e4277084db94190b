// The main of the database's threads: a worker for each reader, and one that writes, runs this file. On Postgres there is
// none, and its queries are taken from here.
import { serveQueries } from "runrpc/worker";
import { modules } from "./services/queries.ts";

export { type Modules, modules } from "./services/queries.ts";

await serveQueries(modules);
