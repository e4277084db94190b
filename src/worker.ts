// The main of the database's threads: a worker for each reader, and one that writes, runs this file.
import { serveQueries } from "runrpc/worker";
import { modules } from "./services/queries.ts";

export type { Modules } from "./services/queries.ts";

await serveQueries(modules);
