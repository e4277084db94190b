import { serveQueries } from "../../src/runrpc/data/sqlite/serve-queries.ts";
import * as notes from "./queries.ts";

const modules = { notes };
export type Modules = typeof modules;
await serveQueries(modules);
