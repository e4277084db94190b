// The main of the database's threads in an application that has no queries of its own.
import { serveQueries } from "./serve-queries.ts";

export const modules = {};

await serveQueries(modules);
